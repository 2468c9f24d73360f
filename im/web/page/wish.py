"""The form for new machines as it is typed: every field a text, read into what the API takes, and told as a command line."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import Field, ValidationError

from im.domain.errors import ImError, Refused
from im.domain.input import written
from im.domain.input.duration import parse_duration
from im.domain.tags import parse_tags
from im.providers import registry
from im.services.requests.gpus import OPTION
from im.services.requests.order import keeps_out
from im.settings import Settings
from im.web.api.forms import CreateForm, Form, plainly
from im.web.page.look import Look

Line = Annotated[str, Field(max_length=300)]


class Typed(Form):
    """The form as it was typed, so that what is wrong with one field is said beside it."""

    name: Line = ""
    provider: Line = ""
    account: Line = ""
    instance_type: Line = ""
    duration: Line = "1h"
    until: Line = ""
    count: Line = "1"
    public_key: Annotated[str, Field(max_length=16_000)] = ""
    availability_zone: Line = ""
    image: Line = ""
    ssh_user: Line = ""
    ssh_from: Line = ""
    open: Line = ""
    owner: Line = ""
    tags: Line = ""
    disk: Line = ""
    volumes: Line = ""
    user_data: Annotated[str, Field(max_length=130_000)] = ""
    hibernate: bool = False
    vpc: Line = ""
    subnet: Line = ""
    public_ip: Annotated[str, Field(pattern="^(yes|no)?$")] = ""
    gpu: Line = ""
    options: Line = ""
    """What one cloud alone has: `gpu=nvidia-tesla-t4:2 iam-role=web`."""
    on_expiry: Line = ""
    keep_stopped: Line = ""
    spot: Annotated[str, Field(pattern="^(persistent|one-time)?$")] = ""
    max_price: Line = ""
    protect: bool = False
    guard: Line = ""
    no_retry: bool = False
    key: Annotated[str, Field(pattern="^([0-9a-f]{32})?$")] = ""
    look: bool = False
    """The price is asked for, without a script: nothing is stored."""


class Wrong(Exception):
    """Fields that cannot be as they are: name of the field → what is wrong with it."""

    def __init__(self, told: dict[str, ImError]) -> None:
        super().__init__(", ".join(told))
        self.told = told


_FLAGS = {
    "name": "--name",
    "provider": "--provider",
    "account": "--account",
    "instance_type": "--instance-type",
    "availability_zone": "--availability-zone",
    "image": "--image",
    "ssh_user": "--ssh-user",
    "owner": "--owner",
    "disk": "--disk",
    "vpc": "--vpc",
    "subnet": "--subnet",
    "on_expiry": "--on-expiry",
    "keep_stopped": "--keep-stopped",
    "max_price": "--max-price",
    "guard": "--guard",
}
"""Fields that are handed on as they are, and what they are on the command line."""


def read(look: Look, typed: Typed) -> CreateForm:
    """Raises Wrong."""
    wrong: dict[str, ImError] = {}
    told: dict[str, Any] = {name: text for name in _FLAGS if (text := str(getattr(typed, name)).strip())}
    told |= {"public_key": typed.public_key, "protect": typed.protect, "hibernate": typed.hibernate}
    told |= {"retry": not typed.no_retry, "spot": typed.spot or False, "volumes": typed.volumes.split()}
    told |= {name: said for name in ("ssh_from", "open") if (said := getattr(typed, name).replace(",", " ").split())}
    told |= {"public_ip": {"yes": True, "no": False}.get(typed.public_ip), "user_data": _user_data(typed)}
    asked: dict[str, Callable[[], dict[str, Any]]] = {
        "public_key": lambda: _key(typed),
        "until" if typed.until else "duration": lambda: _deadline(look, typed),
        "count": lambda: {"count": _number(typed.count or "1")},
        "tags": lambda: {"tags": parse_tags(tuple(_words(typed.tags, "team=ml, blanks between")))},
        "options": lambda: {"options": _options(typed)},
    }
    for field, ask in asked.items():
        try:
            told |= ask()
        except Refused as exc:
            wrong[field] = exc
    try:
        made = None if wrong else CreateForm(**told)
    except ValidationError as exc:
        for one in exc.errors():
            field = str(one["loc"][0]) if one["loc"] else ""
            wrong.setdefault(field, Refused("1 to 1000" if field == "count" else plainly(one), ""))
        made = None
    if made is None:
        raise Wrong(wrong)
    return made


def _key(typed: Typed) -> dict[str, Any]:
    if not typed.public_key.strip():
        raise Refused("paste your public key", "it is the line in ~/.ssh/id_ed25519.pub")
    return {}


def _deadline(look: Look, typed: Typed) -> dict[str, Any]:
    if typed.until.strip():
        return {"until": look.moment(typed.until)}
    if not typed.duration.strip():
        raise Refused("for how long?", "as 1h, 4h or 1d12h")
    parse_duration(typed.duration.strip())
    return {"duration": typed.duration.strip()}


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refused("that is no number", "1 to 1000") from None


def _words(text: str, shape: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        raise Refused("a quotation mark is not closed", shape) from None


def _user_data(typed: Typed) -> str | None:
    """In base64. A browser sends a text with the line ends of Windows, with which no script runs."""
    if not typed.user_data.strip():
        return None
    return base64.b64encode(written.unix(typed.user_data).encode()).decode()


def _options(typed: Typed) -> dict[str, str | list[str]]:
    """By the names of the flags; of one that is said again, both."""
    found: dict[str, str | list[str]] = {OPTION: gpu} if (gpu := typed.gpu.strip()) else {}
    for word in _words(typed.options, "gpu=nvidia-tesla-t4, blanks between"):
        name, equals, value = word.removeprefix("--").partition("=")
        if not equals or not value:
            raise Refused(f"'{word[:40]}' is no NAME=VALUE", "gpu=nvidia-tesla-t4, blanks between")
        before = found.get(name)
        found[name] = value if before is None else [*([before] if isinstance(before, str) else before), value]
    return found


def command(typed: Typed, settings: Settings) -> str:
    """The same on the command line, whole."""
    words = ["im", "create", "--public-key", "~/.ssh/id_ed25519.pub"]
    for field, flag in _FLAGS.items():
        if text := getattr(typed, field).strip():
            words += [flag, shlex.quote(text)]
    words += ["--until", shlex.quote(typed.until)] if typed.until else ["-d", shlex.quote(typed.duration)]
    words += ["--count", shlex.quote(typed.count)] if typed.count.strip() not in ("", "1") else []
    words += ["--gpu", shlex.quote(gpu)] if (gpu := typed.gpu.strip()) else []
    words += ["--public-ip", typed.public_ip] if typed.public_ip else []
    words += {"": [], "persistent": ["--spot"], "one-time": ["--spot", "one-time"]}[typed.spot]
    words += ["--user-data", "FILE"] if typed.user_data.strip() else []
    for flag, text in (("--tag", typed.tags), ("--volume", typed.volumes), ("--open", typed.open)):
        words += [word for one in text.split() for word in (flag, shlex.quote(one))]
    # the command line lets in the machine that it is typed on, where nothing is said; the page lets in nobody
    own_door = any(f"{flag.name}=" in typed.options for flag in registry.flags() if flag.lets_in)
    nobody = (
        ["none"]
        if keeps_out(settings, typed.provider.strip() or None, typed.account.strip() or None) and not own_door
        else []
    )
    words += [word for one in typed.ssh_from.split() or nobody for word in ("--ssh-from", shlex.quote(one))]
    words += [shlex.quote(f"--{one.removeprefix('--')}") for one in typed.options.split()]
    switches = (("--hibernate", typed.hibernate), ("--protect", typed.protect), ("--no-retry", typed.no_retry))
    return " ".join([*words, *(flag for flag, on in switches if on)])
