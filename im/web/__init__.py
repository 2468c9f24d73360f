"""One process over the same services as the command line: the API, and whatever else speaks HTTP."""
