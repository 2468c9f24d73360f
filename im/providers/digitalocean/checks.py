"""What `im doctor` asks of DigitalOcean. Rights to read show in what is answered; those to write only where they are used."""

from __future__ import annotations

from collections.abc import Sequence

from im.providers.contract import Check
from im.providers.digitalocean.api import DigitalOceanApi
from im.providers.digitalocean.profile import DEFAULT_TYPE
from im.providers.errors import Forbidden, InvalidSpec
from im.providers.kit.checks import check

_CREDENTIALS = "set DIGITALOCEAN_TOKEN where the worker runs; the control panel makes one under API, Tokens"
_ALLOW = "docs/clouds/digitalocean.md names the scopes that the token needs"


def checks(api: DigitalOceanApi) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: f"{len(api.all('/regions', 'regions'))} regions answer",
        "identity": lambda: _account(api),
        "type": lambda: _default_type(api),
        "droplets": lambda: _droplets(api),
    }
    return [check(name, ask, credentials=_CREDENTIALS, allow=_ALLOW) for name, ask in asked.items()]


def _account(api: DigitalOceanApi) -> str:
    """An account that is locked makes nothing; one with a warning has a payment or a confirmation due."""
    account = api.get("/account").body["account"]
    team = account.get("team") or {}
    who = f"team {team.get('name') or account['uuid']}"
    if account["status"] != "active":
        told = f"DigitalOcean has set the account to {account['status']}: {account.get('status_message') or 'no reason given'}"
        raise Forbidden(told) if account["status"] == "locked" else InvalidSpec(told)
    return f"{who}, up to {account['droplet_limit']} droplets" if "droplet_limit" in account else who


def _default_type(api: DigitalOceanApi) -> str:
    if any(one["slug"] == DEFAULT_TYPE and one["available"] for one in api.all("/sizes", "sizes")):
        return f"{DEFAULT_TYPE} is sold"
    raise InvalidSpec(f"DigitalOcean no longer sells {DEFAULT_TYPE}: name a type with --instance-type")


def _droplets(api: DigitalOceanApi) -> str:
    """Without the right to see tags no droplet of ours could be told from others', and none would be made."""
    api.get("/tags", per_page=1)
    api.get("/actions", per_page=1)
    told = api.get("/droplets", per_page=1).body
    if any("tags" not in one for one in told["droplets"]):
        raise Forbidden("the token sees droplets without their tags: it lacks tag:read")
    number = told["meta"]["total"]
    return f"{number} droplets of the team, with their tags; rights to change them show when they are used"
