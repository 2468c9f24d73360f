"""What `im doctor` asks of RunPod. What credit is left, its API does not tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.contract import Check
from im.providers.errors import NoCapacity
from im.providers.kit.checks import check
from im.providers.runpod.api import RunPodApi
from im.providers.runpod.features import Zones
from im.providers.runpod.profile import DEFAULT_TYPE

_CREDENTIALS = "set RUNPOD_API_KEY where the worker runs; RunPod's console makes one under Settings"
_ALLOW = "give the key the right to read and write (RunPod's console, Settings, API Keys)"


def checks(api: RunPodApi, scope: Scope, identity: Callable[[], str]) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: f"{len(api.listed('/pods', 'pods'))} pods of the account, whoever made them",
        "identity": identity,
        "type": lambda: _default_type(api, scope),
    }
    return [check(name, ask, credentials=_CREDENTIALS, allow=_ALLOW) for name, ask in asked.items()]


def _default_type(api: RunPodApi, scope: Scope) -> str:
    credit = "what credit is left, RunPod's API does not tell"
    try:
        where = Zones(api).offering(scope, Spec(DEFAULT_TYPE, "", "", "", "", ""), [DEFAULT_TYPE])[DEFAULT_TYPE]
    except NoCapacity:
        return f"{DEFAULT_TYPE} is to be had nowhere now; {credit}"
    return f"{DEFAULT_TYPE} is to be had in {', '.join(where)}; {credit}"
