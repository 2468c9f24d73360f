"""Services that need no database to be asked."""
