"""How Nebius bills: computing while a machine runs, its disks as long as they are there.

A machine that its own guest has shut down is charged on; in which steps time is charged, Nebius does not say.
"""

from __future__ import annotations

from im.domain.money.rules import BillingRules

RULES = BillingRules()
