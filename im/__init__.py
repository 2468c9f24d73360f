"""Every cloud instance gets a deadline."""

__version__ = "0.1.0"
"""As in pyproject.toml; read here because the package's metadata takes longer to read than a command to run."""
