"""How Azure bills: by the second while a machine is allocated; a static address for as long as it is there."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.rules import BillingRules, While

RULES = BillingRules(computing=While.RUNNING, address=While.THERE, least=timedelta(0))
