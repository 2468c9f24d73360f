"""Our facts on a claim and its pod: what is selected by is a label, what people wrote is an annotation, which takes any text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from im.domain import tags
from im.providers.errors import InvalidSpec

PREFIX = "im.dev/"
DEPLOYMENT, LAUNCH, MACHINE, INSTANCE, MARK = (
    f"{PREFIX}{word}" for word in ("deployment", "launch", "machine", "instance", "mark")
)
MANAGED = "app.kubernetes.io/managed-by"
OWNER, NAME, TAG = f"{PREFIX}owner", f"{PREFIX}name", f"{PREFIX}tag."
TYPE, ZONE, SLOT, BORN, KEY = (f"{PREFIX}{word}" for word in ("type", "zone", "slot", "born", "public-key"))
"""Of a machine, what it was asked for as; the place in its launch; what made the pod (a launch, or a start); who may log in."""
STOP_AT = f"{PREFIX}stop-at"
"""Seconds since 1970 when the pod is to end by itself: on the pod, which reads it, and on the claim for its next pod."""
PASSWD, EXPOSE, SPOT = (f"{PREFIX}{word}" for word in ("passwd", "expose", "spot"))
"""The names of those who run in the pod; by what kind of service it has an address; it is on nodes that may be taken back."""
ADOPTED = f"{PREFIX}adopted"
"""On what was taken in, whose pod has a name of its own."""
POD = f"{PREFIX}pod"
"""On the claim: the manifest that a start makes the pod of again."""
_LABELS = {tags.DEPLOYMENT: DEPLOYMENT, tags.LAUNCH: LAUNCH, tags.INSTANCE: INSTANCE, tags.MARK: MARK}
_ANNOTATIONS = {tags.OWNER: OWNER, tags.NAME: NAME}
_MOST_TAG = 63 - len("tag.")


def selector(**labels: str | Iterable[str]) -> str:
    """`deployment`, `launch`, `machine`… → one selector. Raises InvalidSpec for an empty one: it would mean everything there is."""
    parts = []
    for word, wanted in labels.items():
        values = [wanted] if isinstance(wanted, str) else sorted(wanted)
        if not values or not all(values):
            raise InvalidSpec(f"nothing is named whose {word} is looked for")
        key = f"{PREFIX}{word}"
        parts.append(f"{key}={values[0]}" if len(values) == 1 else f"{key} in ({','.join(values)})")
    if not parts:
        raise InvalidSpec("a selector that names nothing would select everything")
    return ",".join(parts)


def written(facts: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(labels, annotations) of facts and a person's tags. A tag whose key no annotation can have stays in the row alone."""
    labels, notes = {MANAGED: "im"}, {}
    for key, value in facts.items():
        if key in _LABELS:
            labels[_LABELS[key]] = value
        elif key in _ANNOTATIONS:
            notes[_ANNOTATIONS[key]] = value
        elif (
            len(key) <= _MOST_TAG
            and key.isascii()
            and key.replace("-", "").replace("_", "").isalnum()
            and key[-1].isalnum()
        ):
            notes[f"{TAG}{key}"] = value
    return labels, notes


def tags_of(metadata: Mapping[str, object]) -> dict[str, str]:
    """What the core reads of a claim: our facts, and a person's tags. One that is not ours is called what it is called."""
    labels, notes = _mapping(metadata, "labels"), _mapping(metadata, "annotations")
    found = {fact: labels[key] for fact, key in _LABELS.items() if key in labels}
    found |= {fact: notes[key] for fact, key in _ANNOTATIONS.items() if key in notes}
    found |= {key.removeprefix(TAG): value for key, value in notes.items() if key.startswith(TAG)}
    if tags.NAME not in found:
        found[tags.NAME] = str(metadata["name"])
    return found


def _mapping(metadata: Mapping[str, object], part: str) -> dict[str, str]:
    found = metadata.get(part)
    return dict(found) if isinstance(found, Mapping) else {}
