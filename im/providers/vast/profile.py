"""What is known of Vast without asking it: defaults, and the mistakes that can be caught before anything is written.

A market has one region of ours; the country of a host is the zone, and `world` is all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.errors import Refused, near
from im.domain.scope import Scope
from im.domain.spec.disk import Disk
from im.domain.spec.spec import Spec
from im.providers.kit.ssh_key import check_public_key
from im.providers.request import Ask
from im.providers.vast import gpus, onstart
from im.providers.vast.account import REGION
from im.providers.vast.billing import DEFAULT_DISK
from im.providers.vast.capabilities import CAPABILITIES
from im.providers.vast.flags import RELIABILITY

if TYPE_CHECKING:
    from im.settings import Settings

WORLD = "world"
EU = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV"),
    *("MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
DEFAULT_TYPE, MOST_DISK = "RTX_4090x1", 10_000
DEFAULT_IMAGE = "vastai/base-image:@vastai-automatic-tag"
ALIASES = {
    **dict.fromkeys(("ubuntu", "ubuntu-22.04", "ubuntu-24.04", "base"), DEFAULT_IMAGE),
    "pytorch": "vastai/pytorch:@vastai-automatic-tag",
}
USUAL_RELIABILITY = "0.98"
MAX_PRICE, LASTS = "max_price", "lasts_seconds"
"""Options of a spec beside a person's own: USD an hour at most, and how long its host has to lend it."""
_IMAGE = re.compile(
    r"[a-z0-9](?:[A-Za-z0-9._/-]*[A-Za-z0-9])?(?::[0-9]+/[A-Za-z0-9._/-]+)?(?::@?[A-Za-z0-9._-]+)?", re.ASCII
)
_MACHINE = re.compile(r"\d{1,12}", re.ASCII)


class VastProfile:
    """Vast, offline."""

    name = "vast"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: one RTX 4090 wherever in the world it is best, 32 GB, Vast's base image. Raises Refused."""
        ask.refuse_options(self.name, RELIABILITY)
        _refuse_what_is_not_there(ask)
        key = check_public_key(ask.public_key, "Vast")
        onstart.check(key, ask.user_data)
        options = {
            RELIABILITY: _check_reliability(str(ask.options.get(RELIABILITY) or "")),
            MAX_PRICE: f"{ask.max_price:f}" if ask.max_price is not None else "",
            LASTS: int(ask.lasts.total_seconds()) if ask.lasts is not None else 0,
        }
        spec = Spec(
            instance_type=check_type(ask.instance_type or DEFAULT_TYPE),
            zone=check_zone(ask.zone or WORLD),
            image=check_image(ask.image or DEFAULT_IMAGE),
            public_key=key,
            ssh_user=ask.ssh_user or "root",
            owner=ask.owner,
            disks=(Disk(_disk_gb(ask)),),
            user_data=ask.user_data,
            provider_options={name: said for name, said in options.items() if said},
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """Containers all, of one kind of processor: an image goes over from any to any."""

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A key has no roles to take, and there is no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not _MACHINE.fullmatch(one):
                raise Refused(f"'{one[:40]}' is not the id of an instance of Vast's", "it is a number, like 12345678")
        return Scope(self.name, account, REGION)


PROFILE = VastProfile()


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("Vast's interruptible machines are bids, which im does not make", "leave --spot out")
    if ask.hibernate:
        raise Refused("a container does not hibernate", "leave --hibernate out; a stop keeps the disk")
    root = ask.root_disk
    if ask.volumes or (root is not None and root != Disk(root.size_gb)):
        raise Refused("a container at Vast has one disk, of a size alone", "say --disk 100 for 100 GB")
    if ask.network or ask.subnet:
        raise Refused("Vast has no networks of your own", "leave --vpc and --subnet out")
    if ask.ssh_from or ask.open_ports:  # `none` is what the page and the API say where nobody said anything
        raise Refused(
            "a container at Vast stands behind its host's address, with no firewall of your own",
            "leave --ssh-from and --open out; im ssh NAME -- -L 8080:localhost:8080  brings a port here",
        )


def _disk_gb(ask: Ask) -> int:
    size = (ask.root_disk.size_gb if ask.root_disk else None) or DEFAULT_DISK
    if not 8 <= size <= MOST_DISK:
        raise Refused(f"{size} GB is no size of a disk at Vast", f"say --disk 8 to --disk {MOST_DISK}; it never grows")
    return size


def _check_reliability(said: str) -> str:
    if not said:
        return ""
    try:
        number = Decimal(said)
    except InvalidOperation:
        number = Decimal(-1)
    if not 0 <= number <= 1:
        raise Refused(f"'{said[:20]}' is no reliability", "write it from 0 to 1, like --reliability 0.95")
    return f"{number:f}"


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether anybody offers it is for the market to say."""
    if gpus.kind_of(name) is not None and (name in gpus.TYPES or name[0].isupper()):
        return name
    alike = near(name.upper(), [one.upper() for one in gpus.TYPES], cutoff=0.7)
    meant = next((one for one in gpus.TYPES if alike and one.upper() == alike[0]), "")
    hint = f"did you mean {meant}?" if meant else f"a GPU as Vast calls it and a number: {DEFAULT_TYPE}, H100_SXMx8"
    raise Refused(f"'{name[:40]}' is not a type of Vast's", hint)


def check_zone(name: str) -> str:
    """A country's two letters, `EU`, `world`, or `any`. Raises Refused."""
    if name in (WORLD, "any", "EU") or (len(name) == 2 and name.isascii() and name.isalpha() and name.isupper()):
        return name
    word = name.strip().upper()
    hint = f"did you mean {word}?" if len(word) == 2 and word.isalpha() else "write NO for Norway, EU, or world"
    raise Refused(f"'{name[:40]}' is no country", hint)


def check_image(name: str) -> str:
    """A container image, or an alias of one (`ubuntu`, `pytorch`). Raises Refused."""
    meant = ALIASES.get(name, name)
    if len(meant) <= 255 and _IMAGE.fullmatch(meant) and ("/" in meant or ":" in meant):
        return meant
    raise Refused(
        f"'{name[:40]}' is no container image that im can name to Vast",
        f"for example {DEFAULT_IMAGE}, pytorch, or nvidia/cuda:12.4.1-devel-ubuntu22.04",
    )
