"""A spec as its column holds it: one JSON document, which older and newer versions of us read and write beside us."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, TypeVar

from im.domain.spec.disk import Disk
from im.domain.spec.firewall import Rule
from im.domain.spec.spec import PLAIN_DISKS, WINDOWS, Aside, Candidate, Spec
from im.domain.spec.spot import SPOT, Spot

T = TypeVar("T")
_TEXTS = ("instance_type", "zone", "image", "public_key", "ssh_user", "owner")
_COMMON = (
    *("tags", "firewall", "disks", "market", "windows", "spot", "hibernate", "public_ip", "candidates", "retry"),
    "user_data",
)
"""In the document's `options` beside those of the provider, where they were before a spec had fields for them."""
_DISK = {field.name for field in fields(Disk)}
_PLAIN = asdict(Disk())


@lru_cache(maxsize=1024)
def read_spec(written: str) -> Spec:
    """From the document as Postgres writes it: thousands of rows have the same few."""
    return to_spec(json.loads(written))


def to_spec(stored: Mapping[str, Any]) -> Spec:
    """Tolerant: a row written by a neighbouring version, or by half, must not stop the work on its whole scope."""
    texts: dict[str, Any] = {name: str(stored.get(name) or "") for name in _TEXTS}
    options = stored.get("options")
    if not options or not isinstance(options, dict):
        return Spec(**texts)
    market, public_ip = options.get("market"), options.get("public_ip")
    return Spec(
        **texts,
        tags=_or(dict, _tags, options.get("tags")),
        # rules that cannot be read open nothing
        firewall=None if (rules := options.get("firewall")) is None else _or(_nothing, _rules, rules),
        disks=_or(lambda: PLAIN_DISKS, _disks, options.get("disks")),
        windows=market == WINDOWS or bool(options.get("windows")),
        spot=_or(Spot, _spot, options.get("spot")) if market == SPOT else None,
        hibernate=bool(options.get("hibernate")),
        public_ip=None if public_ip is None else bool(public_ip),
        candidates=_or(tuple[Candidate, ...], _candidates, options.get("candidates")),
        retry=bool(options.get("retry")),
        user_data_aside=_or(lambda: None, _aside, options.get("user_data")),
        provider_options={name: value for name, value in options.items() if name not in _COMMON},
    )


def _or(otherwise: Callable[[], T], read: Callable[[Any], T], written: Any) -> T:
    """What was written, or what holds when nothing was, or nothing that can be read."""
    if not written:
        return otherwise()
    try:
        return read(written)
    except (AttributeError, InvalidOperation, KeyError, TypeError, ValueError):
        return otherwise()


def _nothing() -> tuple[Rule, ...]:
    return ()


def _tags(written: Mapping[Any, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in written.items()}


def _rules(written: Sequence[Any]) -> tuple[Rule, ...]:
    return _read_rules(tuple(map(str, written)))


@lru_cache(maxsize=256)
def _read_rules(written: tuple[str, ...]) -> tuple[Rule, ...]:
    """Thousands of rows have the same few sets of rules."""
    return tuple(map(Rule.read, written))


def _disks(written: Sequence[Mapping[str, Any]]) -> tuple[Disk, ...]:
    """A neighbouring version may say more of a disk than this one knows."""
    return tuple(Disk(**{name: value for name, value in one.items() if name in _DISK}) for one in written)


def _spot(written: Mapping[str, Any]) -> Spot:
    price = written.get("max_price")
    return Spot(bool(written.get("once")), Decimal(str(price)) if price else None)


def _candidates(written: Sequence[Any]) -> tuple[Candidate, ...]:
    return tuple(Candidate(str(kind), str(zone)) for kind, zone in written)


def _aside(written: Mapping[str, Any]) -> Aside | None:
    return Aside(str(written["id"]), int(written["bytes"]))


def from_spec(spec: Spec) -> dict[str, Any]:
    """Only what differs from a plain machine is in its options."""
    options: dict[str, Any] = {**spec.provider_options}
    if spec.tags:
        options["tags"] = dict(spec.tags)
    if spec.firewall is not None:
        options["firewall"] = [str(rule) for rule in spec.firewall]
    if spec.disks != PLAIN_DISKS:
        options["disks"] = [_stored(disk) for disk in spec.disks]
    if spec.spot is not None:
        price = {} if spec.spot.max_price is None else {"max_price": f"{spec.spot.max_price:f}"}
        options |= {"market": SPOT, "spot": {"once": spec.spot.once, **price}}
        options |= {"windows": True} if spec.windows else {}
    elif spec.windows:
        options["market"] = WINDOWS
    options |= {name: True for name in ("hibernate", "retry") if getattr(spec, name)}
    if spec.public_ip is not None:
        options["public_ip"] = spec.public_ip
    if spec.candidates:
        options["candidates"] = [[one.instance_type, one.zone] for one in spec.candidates]
    if spec.user_data_aside is not None:
        options["user_data"] = {"id": spec.user_data_aside.id, "bytes": spec.user_data_aside.size}
    return {**{name: getattr(spec, name) for name in _TEXTS}, "options": options}


def _stored(disk: Disk) -> dict[str, Any]:
    """Only what differs from a plain disk."""
    return {name: value for name, value in asdict(disk).items() if value != _PLAIN[name]}
