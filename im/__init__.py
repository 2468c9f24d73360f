"""Every cloud instance gets a deadline."""
