"""The line that makes a machine again which is gone: what its row says of it, as it would be typed."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING

from im.domain.spec.firewall import SSH, Rule
from im.domain.spec.spec import SAID

if TYPE_CHECKING:
    from im.domain.instance import Instance
    from im.domain.spec.spec import Spec


def create_line(row: Instance) -> str:
    """`im create …`. Whose key it was the row holds as a key and not as a file, so that the file is left to name."""
    words = ["im", "create", "--name", row.name, "--provider", row.scope.provider]
    for flag, value in _said(row):
        words += [flag, value] if value else [flag]
    return f"{shlex.join(words)} --public-key FILE -d 1h"


def _said(row: Instance) -> Iterator[tuple[str, str]]:
    spec = row.spec
    if row.scope.account != "default":
        yield "--account", row.scope.account
    if spec.instance_type:
        yield "--instance-type", spec.instance_type
    if zone := row.zone or spec.zone:
        yield "--availability-zone", zone
    if spec.image:
        yield "--image", spec.image
    if spec.disks and spec.disks[0].size_gb:
        yield "--disk", str(spec.disks[0].size_gb)
    for disk in spec.disks[1:]:
        if disk.size_gb:
            yield "--volume", f"{disk.size_gb},keep" if disk.keep else str(disk.size_gb)
    for flag, value in sorted(spec.provider_options.get(SAID, {}).items()):
        yield f"--{flag}", value
    if spec.spot is not None:
        yield "--spot", ""
    for key, value in sorted(spec.tags.items()):
        yield "--tag", f"{key}={value}"
    yield from _doors(spec)


def _doors(spec: Spec) -> Iterator[tuple[str, str]]:
    rules = spec.firewall or ()
    login = [one for one in rules if _is_login(one)]
    if login:
        yield "--ssh-from", ",".join(one.source for one in login)
    elif rules:
        yield "--ssh-from", "none"
    if opened := [str(one) for one in rules if not _is_login(one)]:
        yield "--open", ",".join(opened)


def _is_login(rule: Rule) -> bool:
    return (rule.protocol, rule.first, rule.last) == ("tcp", SSH, SSH)
