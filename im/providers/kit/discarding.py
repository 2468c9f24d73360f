"""Things of ours that lie unused at a cloud are taken away one by one, each by its own name or number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from im.providers.errors import NotFound, ProviderError, WrongState
from im.providers.features import Resource


def discard(
    there: Iterable[Resource], things: Sequence[Resource], machine: str, delete: Callable[[Resource], object]
) -> Mapping[str, ProviderError]:
    """What of `things` could not be taken away, by its id; what is not `there` any more is done with.

    `machine`: the cloud's word for who may still use one of them.
    """
    failed: dict[str, ProviderError] = {}
    known = {one.id: one for one in there}
    for one in (known[thing.id] for thing in things if thing.id in known):
        try:
            if one.used:
                raise WrongState(f"a {machine} still uses the {one.kind} {one.name}")
            delete(one)
        except NotFound:
            continue
        except ProviderError as exc:
            failed[one.id] = exc
    return failed


def path_to(paths: Mapping[str, str], one: Resource) -> str:
    """Ids are `KIND/NUMBER`, each kind at its own path."""
    return f"{paths[one.kind]}/{one.id.rpartition('/')[2]}"
