"""What people type: one file for each command or family of commands."""
