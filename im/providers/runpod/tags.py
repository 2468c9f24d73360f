"""Our facts and a person's tags as variables of a pod, which are said at the launch and shown by every listing.

RunPod has no labels. A pod's variables can be changed only by resetting it, and its name can be changed at any time: so the
variables carry all, and the name says once more whose it is (`im.providers.kit.marked_name`). A pod is ours if all five facts
are there and its name, where it has our form, does not say otherwise; one that somebody has edited is nobody's of ours.
Other variables are people's secrets: nothing of them is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from im.domain import tags
from im.providers.kit import marked_name

_FACTS = {
    "IM_DEPLOYMENT": tags.DEPLOYMENT,
    "IM_LAUNCH": tags.LAUNCH,
    "IM_OWNER": tags.OWNER,
    "IM_INSTANCE": tags.INSTANCE,
    "IM_NAME": tags.NAME,
}
_TYPE, _TAGS = "IM_TYPE", "IM_TAGS"
OURS = frozenset({*_FACTS, _TYPE, _TAGS})


def written(facts: Mapping[str, str], own: Mapping[str, str], kind: str) -> dict[str, str]:
    """The variables; `own` are a person's tags, in one, because theirs may be called like one that the image reads."""
    told = {variable: facts[fact] for variable, fact in _FACTS.items()}
    return {**told, _TYPE: kind, **({_TAGS: json.dumps(dict(own), sort_keys=True)} if own else {})}


def read(name: str, env: Mapping[str, str]) -> dict[str, str]:
    """Facts and tags; of a pod that is none of ours its name alone. The instance is the name's, which alone can change later."""
    facts = {fact: env[variable] for variable, fact in _FACTS.items() if isinstance(env.get(variable), str)}
    if len(facts) < len(_FACTS):
        return {tags.NAME: name}
    own = marked_name.read(name)
    if own is not None:
        if not (own.is_of(facts[tags.DEPLOYMENT]) and marked_name.is_token(own.token, facts[tags.LAUNCH])):
            return {tags.NAME: name}
        facts |= {tags.INSTANCE: own.instance_id}
    return {**_own(env), **facts}


def type_of(env: Mapping[str, str]) -> str:
    """The type that it was launched as; empty for one that we did not launch."""
    return str(env.get(_TYPE) or "")


def _own(env: Mapping[str, str]) -> dict[str, str]:
    try:
        told = json.loads(str(env.get(_TAGS) or "{}"))
    except ValueError:
        return {}
    return {str(key): str(value) for key, value in told.items()} if isinstance(told, dict) else {}
