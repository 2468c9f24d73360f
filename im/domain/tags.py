"""What every machine of ours carries at its cloud: whose it is, which launch made it, and the row it belongs to."""

from __future__ import annotations

DEPLOYMENT = "im:deployment"
"""Nothing without it, or with another's, is ever changed."""
LAUNCH = "im:launch"
OWNER = "im:owner"
INSTANCE = "im:instance"
NAME = "Name"
"""What people call it; the one tag that clouds' own consoles show."""
