"""Every page's routes, in the order in which they are matched."""

from __future__ import annotations

from im.web.page import agenda, change, cost, create, fleet, instance, instances, people, static_files, views

ROUTERS = tuple(
    part.router for part in (static_files, instances, views, create, change, instance, agenda, cost, fleet, people)
)
