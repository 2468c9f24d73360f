"""Postgres remembers. Rows come out as domain objects and go in set-wise; no rule lives here but those the database enforces."""
