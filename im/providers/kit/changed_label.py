"""A machine whose one name or label somebody has changed, where that is what says whose it is: nobody's, and left alone."""

from __future__ import annotations

from dataclasses import replace

from im.domain import tags
from im.domain.sighting import Sighting
from im.providers.errors import LabelChanged


def nobodys(seen: Sighting) -> Sighting:
    """As it is described by its id: without a deployment it says that it has none, whatever a row may think of it."""
    return seen if tags.DEPLOYMENT in seen.tags else replace(seen, tags={**seen.tags, tags.DEPLOYMENT: ""})


def refuse_changed(seen: Sighting | None, deployment: str, cloud: str, what: str = "name") -> None:
    """Raises LabelChanged for one that is shown, and not as that deployment's."""
    if seen is not None and seen.tags.get(tags.DEPLOYMENT) != deployment:
        told = f"the {what} of {seen.provider_id} was changed at {cloud}, so that it is none of ours any more: im leaves it alone"
        raise LabelChanged(told)
