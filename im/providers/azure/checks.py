"""What `im doctor` asks of Azure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from im.domain.scope import Scope
from im.providers.azure.account import MISSING
from im.providers.azure.arm import COMPUTE, GROUPS, SKUS, Arm
from im.providers.azure.sizes import DEFAULT_SIZE
from im.providers.contract import Check
from im.providers.errors import Forbidden, NotOffered, QuotaExceeded
from im.providers.kit.checks import check

_NAMESPACES = ("Microsoft.Compute", "Microsoft.Network")
_ALLOW = (
    "give the credentials the role of docs/clouds/azure.md, and wait ten minutes: Azure takes so long to believe it"
)


def checks(arm: Arm, scope: Scope, identity: Callable[..., str]) -> Sequence[Check]:
    def registered() -> str:
        for one in _NAMESPACES:
            state = arm.get(f"/providers/{one}", GROUPS).body.get("registrationState")
            if state != "Registered":
                raise Forbidden(f"Azure: {one} is not registered in this subscription: az provider register -n {one}")
        return f"{' and '.join(_NAMESPACES)} are registered"

    def sold() -> str:
        asked = {"$filter": f"location eq '{scope.region}'"}
        for sku in arm.all("/providers/Microsoft.Compute/skus", SKUS, asked):
            if sku.get("name") == DEFAULT_SIZE and sku.get("resourceType") == "virtualMachines":
                if any(one.get("type") == "Location" for one in sku.get("restrictions") or ()):
                    break
                return f"{DEFAULT_SIZE} is to be had in {scope.region}"
        told = f"Azure: {DEFAULT_SIZE} is not to be had in {scope.region} by this subscription"
        raise NotOffered(f"{told}: name another size with --instance-type, or another location")

    def quota() -> str:
        for one in arm.all(f"/providers/Microsoft.Compute/locations/{scope.region}/usages", COMPUTE):
            if (one.get("name") or {}).get("value") == "cores":
                used, most = one["currentValue"], one["limit"]
                if used >= most:
                    raise QuotaExceeded(
                        f"Azure: {used} of {most} cores in {scope.region} are in use: ask for more there"
                    )
                return f"{used} of {most} cores in {scope.region} are in use"
        return f"no quota of cores is told for {scope.region}"

    asked = {"identity": lambda: identity(scope, afresh=True), "providers": registered, "type": sold, "quota": quota}
    return [check(name, ask, credentials=MISSING, allow=_ALLOW) for name, ask in asked.items()]
