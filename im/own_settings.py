"""The parts of the settings, each what one cloud or one process alone is told: loaded when somebody has set something of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from im.providers import registry
from im.setting import read


def parts() -> tuple[type[Any], ...]:
    """Dataclasses whose fields are made by `im.setting.setting`."""
    from im.domain.config.oidc import OidcSettings
    from im.domain.config.remote import RemoteSettings
    from im.domain.config.web import WebSettings
    from im.domain.config.webhook import WebhookSettings

    return (*registry.own_settings(), WebSettings, OidcSettings, RemoteSettings, WebhookSettings)


def declared(kind: type[Any]) -> dict[str, Field[Any]]:
    """The settings that `kind` declares, by their names in the config file."""
    return {one.name: one for one in fields(kind) if one.metadata}


def unread(kind: type[Any], *, sandbox: bool) -> Any:
    """A part of which nobody has set anything."""
    if not sandbox:
        return kind()
    told = {name: (one, one.metadata["in_sandbox"]) for name, one in declared(kind).items()}
    return kind(**{name: read(one, value) for name, (one, value) in told.items() if value})


def may_be_set(env: Mapping[str, str], config: Path, others: Mapping[str, Field[Any]]) -> bool:
    """Whether anything of a part may be set here; `others` are the settings that are of none. Most who type a command have set
    nothing, and a dozen modules need not be loaded for it."""
    known = {one.metadata["env"] for one in others.values()}
    return config.exists() or any(name.startswith("IM_") and name not in known for name in env)
