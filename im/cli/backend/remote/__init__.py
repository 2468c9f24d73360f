"""The API of an `im web`, asked as any program asks it. Neither a database nor a broker nor a cloud is known here."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from im.cli.backend.remote.link import Link
from im.cli.backend.remote.looks import RemoteLooks
from im.cli.backend.remote.requests import RemoteRequests

if TYPE_CHECKING:
    from im.cli.backend.place import Place
    from im.cli.backend.port import Fleet, Money, People, Webhooks


class Remote:
    """`im` in the name of whose the token is."""

    def __init__(self, place: Place, link: Link | None = None) -> None:
        self.link = link or Link(place)
        self.looks = RemoteLooks(self.link)
        self.requests = RemoteRequests(self.link, self.looks)

    @cached_property
    def who(self) -> dict[str, Any]:
        told: dict[str, Any] = self.link.get("/me")
        return told

    @property
    def me(self) -> str:
        return str(self.who["login"])

    @property
    def sandbox(self) -> bool:
        return self.looks.sandbox

    @cached_property
    def money(self) -> Money:
        from im.cli.backend.remote.money import RemoteMoney

        return RemoteMoney(self.link, lambda: self.me)

    @cached_property
    def people(self) -> People:
        from im.cli.backend.remote.people import RemotePeople

        return RemotePeople(self.link)

    @cached_property
    def fleet(self) -> Fleet:
        from im.cli.backend.remote.fleet import RemoteFleet

        return RemoteFleet(self.link)

    @cached_property
    def webhooks(self) -> Webhooks:
        from im.cli.backend.remote.webhooks import RemoteWebhooks

        return RemoteWebhooks(self.link)

    def close(self) -> None:
        self.link.close()
