"""The cheapest look at a subscription: states alone, in the one list that has them."""

from __future__ import annotations

from collections.abc import Iterator

from im.domain.scope import Scope
from im.providers import features
from im.providers.azure.looking import Looking
from im.providers.errors import ProviderError


class States:
    def __init__(self, looking: Looking) -> None:
        self._looking = looking

    def list(self, scope: Scope, *, zone: str = "") -> Iterator[features.States]:
        """A zone is not told there: whatever is in the location is shown."""
        first = True
        try:
            for page in self._looking.states(scope):
                yield page
                first = False
        except ProviderError:
            if first:
                raise
            yield features.States(False, {})
