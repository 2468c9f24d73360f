"""How RunPod bills: by the second while a pod runs, from its creation on; a stopped one's volume at twice the price.

https://docs.runpod.io/pods/pricing, read in August 2026: a volume costs 10 cents a GB and month, 20 while its pod is stopped.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from im.domain.money.rules import BillingRules

RULES = BillingRules(least=timedelta(0), disk_stopped=Decimal(2))
DISK = "workspace"
"""The word for the volume that a stop keeps."""
VOLUME = Decimal("0.10")
"""USD per GB and month."""
