"""How often the ticks come, in seconds: read by beat, by the services and by the sweep."""

from __future__ import annotations

ENFORCE_EVERY = 30.0
"""Seconds between two enforcement ticks; also how far ahead exact hints are rung."""


REFRESH_EVERY = 10.0
"""Seconds between two refreshes of every scope."""
