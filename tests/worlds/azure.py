"""The small world with Azure behind it: the real adapter over HTTP to the stand-in, whose clock is the world's."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from im.standins.azure import Azure
from im.standins.azure.shapes import VM
from im.standins.azure.subscription import Machine, Subscription
from im.standins.service import serving
from tests.providers.azure_room import LOCATION, provider_at
from tests.worlds.cloud import CloudWorld


class AzureWorld(CloudWorld):
    """`create` asks for machines at Azure; whoever sets `now` moves the cloud's clock as well."""

    named = "azure"

    def __init__(self, database_url: str, azure: Azure, url: str) -> None:
        super().__init__(database_url)
        self.azure = azure
        self.provider = provider_at(url, self.deployment)
        # whoever asks for a price on their own, as a rehearsal does, asks the stand-in too
        told = url.replace("//", "//sandbox:secret@")
        settings = replace(self.ctx.settings, provider="azure", region=LOCATION, sandbox_url=f"azure={told}")
        self.ctx = replace(self.ctx, settings=settings)

    @property
    def subscription(self) -> Subscription:
        return self.azure.subscription("account")

    def machine(self, name: str = "web") -> Machine:
        """What stands behind a row, as Azure has it."""
        group, _, called = str(self.row(name).provider_id).partition("/")
        return self.subscription.machines[self.subscription.path(group, VM, called).lower()]

    def powers(self) -> list[str | None]:
        """Of every machine that there is, sorted."""
        return sorted(one.power or "" for one in self.subscription.machines.values())


@contextmanager
def azure_world(database_url: str) -> Iterator[AzureWorld]:
    found: list[AzureWorld] = []
    cloud = Azure("secret", lambda: found[0].now, timedelta(seconds=5))
    with serving(cloud) as url:
        found.append(AzureWorld(database_url, cloud, url))
        yield found[0]
        found[0].close()
