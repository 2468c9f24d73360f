"""What `im doctor` asks of Lambda. A key acts for its whole team and for everything, so that there are no rights to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from im.domain.spec.firewall import ANYWHERE
from im.providers.contract import Check
from im.providers.errors import InvalidSpec
from im.providers.kit.checks import check
from im.providers.lambda_cloud.api import LambdaApi
from im.providers.lambda_cloud.features import room
from im.providers.lambda_cloud.profile import DEFAULT_TYPE

_CREDENTIALS = "set LAMBDA_API_KEY where the worker runs; the dashboard makes one under API keys"
_ALLOW = "Lambda's dashboard says what is due: an address for bills, or a word with its support"


def checks(api: LambdaApi, identity: Callable[[], str]) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: f"{len(api.get('/instances'))} instances of the team, whoever made them",
        "identity": identity,
        "type": lambda: _default_type(api),
        "firewall": lambda: _global_rules(api),
    }
    return [check(name, ask, credentials=_CREDENTIALS, allow=_ALLOW) for name, ask in asked.items()]


def _default_type(api: LambdaApi) -> str:
    told = api.get("/instance-types")
    if DEFAULT_TYPE not in told:
        raise InvalidSpec(f"Lambda no longer sells {DEFAULT_TYPE}: name a type with --instance-type")
    where = ", ".join(sorted(room(told, DEFAULT_TYPE)))
    return f"{DEFAULT_TYPE} is sold, with room in {where}" if where else f"{DEFAULT_TYPE} is sold, with no room now"


def _global_rules(api: LambdaApi) -> str:
    """They hold beside a machine's own, and are the team's: im never touches them."""
    rules = api.get("/firewall-rulesets/global")["rules"]
    wide = [one for one in rules if one["source_network"] in ANYWHERE and one["protocol"] in ("tcp", "all")]
    ports = ", ".join("-".join(map(str, one.get("port_range") or ("all",))) for one in wide)
    if wide:
        return f"the team's global rules let everybody in at {ports}, whatever --ssh-from says"
    return f"the team's {len(rules)} global rules hold beside --ssh-from and --open"
