"""Every page's routes, in the order in which they are matched."""

from __future__ import annotations

from im.web.page import agenda, change, cost, create, fleet, instance, instances, static_files, views
from im.web.page.people import audit, quotas, sessions, tokens, users, webhooks

_PEOPLE = (users, quotas, tokens, sessions, webhooks, audit)
ROUTERS = tuple(
    part.router for part in (static_files, instances, views, create, change, instance, agenda, cost, fleet, *_PEOPLE)
)
