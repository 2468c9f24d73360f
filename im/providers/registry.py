"""Names to clouds, loaded on use, with an answer for each name we know but cannot serve yet."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from im.domain.config.limits import calls_of, machines_of
from im.domain.errors import Refused

if TYPE_CHECKING:
    from im.providers.contract import Profile, Provider
    from im.settings import Settings

_KNOWN = {
    "aws": ("im.providers.aws.profile:PROFILE", "im.providers.aws.provider:from_settings"),
    "fake": ("im.providers.fake.provider:PROFILE", "im.providers.fake.provider:from_settings"),
}
_PLANNED = ("azure", "crusoe", "digitalocean", "gcp", "hetzner", "lambda", "runpod", "vast")


def profile(name: str) -> Profile:
    """What is known of the cloud `name` without asking it. Raises Refused for a name we cannot serve."""
    found: Profile = _load(_known(name)[0])
    return found


def connect(name: str, settings: Settings, deployment: str, account: str = "") -> Provider:
    """The cloud itself, with the credentials of `account` (the settings' usual one when empty), for `deployment` (a UUID)."""
    make: Callable[[Settings, str, str], Provider] = _load(_known(name)[1])
    whose = account or settings.account
    made = make(settings, deployment, whose)
    usual = made.capabilities
    made.capabilities = replace(
        usual,
        rates=calls_of(usual.rates, settings.limits, whose),
        machine_rates=machines_of(usual.machine_rates, settings.limits, whose),
    )
    return made


def _known(name: str) -> tuple[str, str]:
    if name in _KNOWN:
        return _KNOWN[name]
    if name in _PLANNED:
        raise Refused(f"{name} is known but not available yet", "use --provider aws")
    near = difflib.get_close_matches(name, ["aws", *_PLANNED], n=1)
    hint = f"did you mean {near[0]}?" if near else "use --provider aws"
    raise Refused(f"unknown provider '{name[:40]}'", hint)


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(import_module(module), attribute)
