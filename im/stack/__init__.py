"""The local stack: Postgres, Valkey, a sandbox cloud, workers, beat and Flower as ordinary processes under supervisord.

It knows nothing of instances; it gives the rest of `im` real services to talk to, on a laptop, from pip alone.
"""
