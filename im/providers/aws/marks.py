"""The mark as a tag of EC2: set with CreateTags, found again by a listing of what carries it, which is one machine or a few."""

from __future__ import annotations

from collections.abc import Mapping

from im.domain import tags
from im.domain.scope import Scope
from im.providers.aws.api import sightings
from im.providers.aws.api.clients import QUICK, WATCH, Clients
from im.providers.aws.api.errors import translated
from im.providers.contract import merge_pages
from im.providers.errors import Unavailable
from im.providers.machine import Machine


class Marks:
    def __init__(self, clients: Clients, deployment: str) -> None:
        self._clients, self._deployment = clients, deployment

    def put(self, scope: Scope, machine: Machine, value: str) -> None:
        ec2 = self._clients.ec2(scope.region, QUICK)
        with translated():
            ec2.create_tags(Resources=[machine.id], Tags=[{"Key": tags.MARK, "Value": value}])

    def read(self, scope: Scope) -> Mapping[str, str]:
        which = {f"tag:{tags.DEPLOYMENT}": [self._deployment], "tag-key": [tags.MARK]}
        seen = merge_pages(sightings.snapshots(self._clients.ec2(scope.region, WATCH), which))
        if not seen.complete:
            raise Unavailable("AWS cut a listing short")
        return {one.provider_id: one.tags[tags.MARK] for one in seen.sightings if tags.MARK in one.tags}
