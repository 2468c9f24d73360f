"""Our facts and a person's tags as labels of Nebius', whose rules it does not publish: 63 small letters, digits, `-` and `_`.

dstack keeps to the same, and has its machines made with it.
"""

from __future__ import annotations

from collections.abc import Mapping

from im.domain import tags
from im.providers.kit.tags import LabelCodec

CODEC = LabelCodec("im-", small=True)
SLOT = "im-slot"
"""The place of a machine in its launch."""


def labels(deployment: str, said: Mapping[str, str], place: int) -> dict[str, str]:
    return {**CODEC.labels({**said, tags.DEPLOYMENT: deployment}), SLOT: str(place)}


def read(given: Mapping[str, str], name: str) -> dict[str, str]:
    """Facts and tags; a machine without our name is called what Nebius calls it."""
    found = CODEC.tags({key: value for key, value in given.items() if key != SLOT})
    return {tags.NAME: name, **found}
