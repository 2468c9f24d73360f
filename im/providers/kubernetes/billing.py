"""How a pod is billed: by what it asks for, while it runs; a claim for as long as it is there."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.rules import BillingRules, While

RULES = BillingRules(computing=While.RUNNING, address=While.RUNNING, least=timedelta(0))
