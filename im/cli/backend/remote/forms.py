"""`im create` as the API takes it. What was not said is not sent: an older server need not know of it."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

from im.domain.spec.names import check_name, check_tags, numbered
from im.domain.spec.plan import check_count
from im.domain.spec.spot import ONCE, PERSISTENT

if TYPE_CHECKING:
    from im.domain.intent import Deadline
    from im.domain.spec.disk import Disk
    from im.services.requests.wish import Wish


def create_form(wish: Wish) -> dict[str, Any]:
    """Raises Refused, in the words of a prompt, for what a form would only call wrong."""
    _check(wish)
    ask, spare = wish.ask, wish.ask.spot
    public_ip = ask.options.get("public-ip")
    own = {name: _listed(said) for name, said in ask.options.items() if said and name != "public-ip"}
    said: dict[str, Any] = {
        **deadline_form(wish.deadline),
        "public_key": ask.public_key,
        "name": wish.name,
        "count": wish.count if wish.count != 1 else None,
        "provider": wish.provider,
        "account": wish.account,
        "owner": wish.owner,
        "instance_type": ask.instance_type,
        "availability_zone": ask.zone,
        "image": ask.image,
        "ssh_user": ask.ssh_user,
        "open": [str(rule) for rule in ask.open_ports] or None,
        "tags": check_tags(ask.tags) or None,
        "disk": _disk(ask.root_disk) if ask.root_disk else None,
        "volumes": [_disk(disk) for disk in ask.volumes] or None,
        "hibernate": ask.hibernate or None,
        "user_data": b64encode(ask.user_data).decode() if ask.user_data is not None else None,
        "vpc": ask.network,
        "subnet": ask.subnet,
        "spot": (ONCE if spare.once else PERSISTENT) if spare else None,
        "max_price": f"{most:f}" if (most := spare.max_price if spare else wish.max_price) is not None else None,
        "public_ip": {"yes": True, "no": False}.get(str(public_ip)),
        "options": own or None,
        "on_expiry": wish.on_expiry.value if wish.on_expiry else None,
        "keep_stopped": wish.keep_stopped or None,
        "protect": wish.protect or None,
        "guard": wish.guard.value if wish.guard else None,
    }
    form = {name: value for name, value in said.items() if value is not None}
    # null has a meaning there: as the deployment has it
    form["ssh_from"] = [] if wish.ssh_from == ("none",) else list(wish.ssh_from) or None
    return form if wish.retry else {**form, "retry": False}


def _check(wish: Wish) -> None:
    check_count(wish.count)
    if wish.name is not None:
        for name in numbered(wish.name, wish.count):
            check_name(name)


def _listed(said: Any) -> Any:
    return list(said) if isinstance(said, tuple) else said


def _disk(disk: Disk) -> str:
    """As it is typed: `size=50,type=gp3,keep`."""
    said = (
        ("size", disk.size_gb),
        ("type", disk.kind),
        ("iops", disk.iops),
        ("throughput", disk.throughput),
        ("encrypted", None if disk.encrypted else "no"),
        ("snapshot", disk.snapshot),
    )
    words = [f"{key}={value}" for key, value in said if value is not None] + (["keep"] if disk.keep else [])
    return ",".join(words) or "encrypted=yes"


def deadline_form(deadline: Deadline) -> dict[str, str]:
    if deadline.to is not None:
        return {"until": deadline.to.isoformat()}
    assert deadline.by is not None
    return {"duration": f"{int(deadline.by.total_seconds())}s"}
