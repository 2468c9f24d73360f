"""Every cloud instance gets a deadline."""

__version__ = "0.2.0"
"""The one place: the wheel takes it from here. Metadata of an installed package takes longer to read than a command to run."""
