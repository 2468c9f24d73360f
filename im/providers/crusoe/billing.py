"""How Crusoe bills: a machine while it is RUNNING, its disks as long as they are there. Whether by the minute, nothing published
says; whole minutes are the dearer guess (https://support.crusoecloud.com, "Billing for VMs in ERROR States", of 2026-04-27)."""

from __future__ import annotations

from datetime import timedelta

from im.domain.money.rules import BillingRules

RULES = BillingRules(step=timedelta(minutes=1))
