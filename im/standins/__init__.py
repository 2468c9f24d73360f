"""Clouds that run on this machine: stand-ins for real ones, with honest books. They know nothing of the rest of `im`."""

from __future__ import annotations

SPEAK_GRPC = frozenset({"nebius"})
"""Those that a page or a probe by HTTP cannot reach."""
