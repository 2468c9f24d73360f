"""Hetzner Cloud: servers with real labels, one project a token, and a bill that a stop does not end."""
