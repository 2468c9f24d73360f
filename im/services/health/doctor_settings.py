"""What a diagnosis reads of the settings: every one that can be read, and a refusal for each that cannot."""

from __future__ import annotations

import os
from collections.abc import Mapping

from im.domain.errors import Refused
from im.settings import Settings, every_setting


def what_can_be_read(environ: Mapping[str, str]) -> tuple[Settings, list[Refused]]:
    """The settings without the variables, or the config file, that cannot be; these are told of one by one."""
    try:
        return Settings.from_env(environ), []
    except Refused:
        pass
    refused: list[Refused] = []
    ours = {one.metadata["env"] for one in every_setting().values()} - {"IM_HOME", "IM_CONFIG"}
    taken = {name: value for name, value in environ.items() if name not in ours}
    for name, without in (("IM_HOME", os.devnull), ("IM_CONFIG", os.devnull)):
        try:
            Settings.from_env(taken)
        except Refused as exc:
            if _refuses({**taken, name: without}):
                continue  # it is not for this one
            refused.append(exc)
            taken[name] = without
    for name in sorted(ours & environ.keys()):
        try:
            Settings.from_env({**taken, name: environ[name]})
        except Refused as exc:
            refused.append(exc)
        else:
            taken[name] = environ[name]
    return Settings.from_env(taken), refused


def _refuses(environ: Mapping[str, str]) -> bool:
    try:
        Settings.from_env(environ)
    except Refused:
        return True
    return False
