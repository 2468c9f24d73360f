"""Webhooks: set by people, told by what happens, sent by workers."""
