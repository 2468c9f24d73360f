"""Our facts as labels of Google's: small letters, digits, dashes and underscores, 63 of them."""

from __future__ import annotations

from collections.abc import Mapping

from im.domain import tags
from im.providers.kit.tags import LabelCodec

CODEC = LabelCodec("im-", small=True)
SLOT, REGION, KEEP = "im-slot", "im-region", "im-keep"
"""The place of a machine in its launch; the scope that it belongs to; of a disk: it outlives its machine on purpose."""
_OURS_ALONE = (SLOT, REGION, KEEP)


def of_machine(facts: Mapping[str, str], region: str) -> dict[str, str]:
    return {**CODEC.labels(facts), REGION: region}


def tags_of(labels: Mapping[str, str]) -> dict[str, str]:
    """What the core reads: without the labels that only we need."""
    return CODEC.tags({key: value for key, value in labels.items() if key not in _OURS_ALONE})


def deployment_filter(deployment: str, **more: str) -> str:
    """A filter for what carries our deployment's label, and `more` of our facts' labels by their keys' last words."""
    wanted = {**CODEC.labels({tags.DEPLOYMENT: deployment}), **{f"im-{key}": value for key, value in more.items()}}
    return " AND ".join(f'labels.{key}="{value}"' for key, value in wanted.items())
