"""What a machine is launched with, and how it is asked for."""
