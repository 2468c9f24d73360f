"""What `im doctor` asks of a project: who we are, what we may, and what would spoil a launch later."""

from __future__ import annotations

from collections.abc import Sequence

from im.domain.scope import Scope
from im.providers.contract import Check
from im.providers.errors import Forbidden, Unavailable
from im.providers.gcp.account import MISSING
from im.providers.gcp.api import GcpApi
from im.providers.gcp.rights import PERMISSIONS
from im.providers.kit.checks import check
from im.providers.kit.http import JsonApi

MANAGER = "https://cloudresourcemanager.googleapis.com"


def run(api: GcpApi, manager: JsonApi, scope: Scope) -> Sequence[Check]:
    """Nothing is made or changed by asking. Never raises."""
    asked = {
        "endpoint": lambda: _region(api, scope),
        "identity": lambda: f"project {api.get('').body['name']}",
        "permissions": lambda: _permissions(api, manager),
        "login": lambda: _login(api),
        "quota": lambda: _quota(api, scope),
    }
    allow = "give it the custom role of docs/clouds/gcp.md"
    return [check(name, ask, credentials=MISSING, allow=allow) for name, ask in asked.items()]


def _region(api: GcpApi, scope: Scope) -> str:
    told = api.get(f"/regions/{scope.region}", fields="status,zones").body
    if told.get("status") != "UP":
        raise Unavailable(f"the region {scope.region} is {told.get('status')}")
    return f"{scope.region} has {len(told.get('zones') or [])} zones"


def _permissions(api: GcpApi, manager: JsonApi) -> str:
    """Resource Manager tells which of those that are named we have; asking it needs none."""
    path = f"/v1/projects/{api.project()}:testIamPermissions"
    try:
        told = set(manager.send("POST", path, {"permissions": list(PERMISSIONS)}).body.get("permissions") or [])
    except Forbidden as exc:
        if "services enable" not in exc.message:
            raise
        return "not proven: the API that tells is off (gcloud services enable cloudresourcemanager.googleapis.com)"
    missing = [one for one in PERMISSIONS if one not in told]
    if missing:
        more = f" and {len(missing) - 4} more" if len(missing) > 4 else ""
        raise Forbidden(f"these are missing: {', '.join(missing[:4])}{more}")
    return f"all {len(PERMISSIONS)} that im needs"


def _login(api: GcpApi) -> str:
    """Where a project says OS Login, keys of machines are read only because each machine says otherwise."""
    told = api.get("", fields="commonInstanceMetadata").body.get("commonInstanceMetadata") or {}
    items = {one.get("key"): str(one.get("value")) for one in told.get("items") or []}
    if items.get("enable-oslogin", "").upper() == "TRUE":
        return "the project says OS Login; machines of im say otherwise for themselves, unless a policy forbids it"
    return "by the key of each machine"


def _quota(api: GcpApi, scope: Scope) -> str:
    quotas = api.get(f"/regions/{scope.region}", fields="quotas").body.get("quotas") or []
    told = {one["metric"]: (one.get("usage", 0), one.get("limit", 0)) for one in quotas}
    used, limit = told.get("CPUS", (0, 0))
    return f"{used:g} of {limit:g} vCPUs in {scope.region} are in use" if limit else "no quota of vCPUs is told"
