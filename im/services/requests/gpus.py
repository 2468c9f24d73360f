"""`--gpu h100:8` as types of the cloud that was named."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from im.domain.errors import Refused
from im.domain.spec.placement import ANY

if TYPE_CHECKING:
    from im.providers.capabilities import Capabilities
    from im.providers.request import Ask

OPTION = "gpu"


def with_gpus(ask: Ask, cloud: str, can: Capabilities, *, everywhere: bool) -> Ask:
    """The ask with the types that have them; itself where nothing was said of GPUs, or where its cloud reads that itself.

    `everywhere`: its zones are regions, of which a GPU is seldom in the usual one, so that all are tried when none is named.
    Raises Refused.
    """
    typed = str(ask.options.get(OPTION) or "")
    if not typed or not can.gpus:
        return ask
    from im.domain.spec.gpu import parse_gpus, types_with

    wanted = parse_gpus(typed)
    if wanted.model in can.gpus_beside and not any(wanted.model == one.partition("-")[0] for one in can.gpus.values()):
        return ask
    types = types_with(wanted, can.gpus, cloud)
    if ask.instance_type is not None:
        named = [one.strip() for one in ask.instance_type.split(",")]
        if other := [one for one in named if one not in types]:
            raise Refused(
                f"{other[0]} has no {wanted} at {cloud}", f"leave --instance-type out, or name {' or '.join(types[:4])}"
            )
        types = tuple(named)
    options = {name: value for name, value in ask.options.items() if name != OPTION}
    zone = ask.zone or (ANY if everywhere else None)
    return replace(ask, instance_type=",".join(types), zone=zone, options=options)
