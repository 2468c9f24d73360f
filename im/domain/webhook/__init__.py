"""Webhooks: what is told to which receiver, how it is signed, when it is sent again, and where it may go."""
