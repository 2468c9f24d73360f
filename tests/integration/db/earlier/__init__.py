"""A living fleet of each earlier schema, as SQL: written once, by `python -m tests.integration.db.earlier`, and kept."""
