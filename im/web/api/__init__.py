"""`/api/v1`: documents of im.views over HTTP, and requests as the command line makes them."""
