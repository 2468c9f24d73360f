"""Webhooks as rows, and the messages on their way to them."""
