"""Snapshots among the leftovers: people decide about one that no row knows, or whose instance ended outside im."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.errors import ProviderError
from im.providers.features import LeftoverCleanup, Resource, Shelving

if TYPE_CHECKING:
    from im.providers.contract import Provider

KIND = "snapshot"
_PREFIX = f"{KIND}/"


def cleanup_of(provider: Provider) -> LeftoverCleanup | None:
    """What finds and takes away everything of ours at this cloud that is no machine."""
    if provider.shelving is None:
        return provider.leftovers
    return _WithSnapshots(provider.leftovers, provider.shelving)


@dataclass(frozen=True, slots=True)
class _WithSnapshots:
    others: LeftoverCleanup | None
    shelving: Shelving

    def found(self, scope: Scope) -> Sequence[Resource]:
        mine = [
            Resource(KIND, f"{_PREFIX}{one.id}", one.name, f"{one.gb or '?'} GB of {one.machine}", used=False)
            for one in self.shelving.found(scope)
        ]
        return [*(self.others.found(scope) if self.others else ()), *mine]

    def needed_by(self, spec: Spec) -> frozenset[str]:
        return self.others.needed_by(spec) if self.others else frozenset()

    def discard(self, scope: Scope, things: Sequence[Resource]) -> Mapping[str, ProviderError]:
        mine = [one for one in things if one.kind == KIND]
        rest = [one for one in things if one.kind != KIND]
        failed = self.shelving.discard(scope, [one.id.removeprefix(_PREFIX) for one in mine]) if mine else {}
        others = self.others.discard(scope, rest) if self.others and rest else {}
        return {**{f"{_PREFIX}{one}": exc for one, exc in failed.items()}, **others}
