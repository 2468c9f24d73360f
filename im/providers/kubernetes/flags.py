"""What `im create` takes for a cluster alone."""

from __future__ import annotations

from im.providers.kubernetes.options import FLAGS

__all__ = ["FLAGS"]
