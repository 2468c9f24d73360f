"""May the guard's role do what a schedule will ask of it one day? By questions alone: whom it trusts, and IAM's own simulation.

What nobody may ask is told as not proven: that is no fault of the role's. docs/guard.md has the role, and the rights to ask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from im.domain.tags import DEPLOYMENT
from im.providers.aws.api.errors import cloud_code, translated
from im.providers.aws.partition import partition_of
from im.providers.contract import GUARD_TERMINATES, Check
from im.providers.errors import ProviderError

SERVICE = "scheduler.amazonaws.com"
STOPS, TERMINATES, TRUST = "guard, stop", GUARD_TERMINATES, "guard, trust"
_ACTIONS = {STOPS: "ec2:StopInstances", TERMINATES: "ec2:TerminateInstances"}
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/(?:[\w+=,.@/-]*/)?([\w+=,.@-]+)", re.ASCII)
_DEPLOYMENT = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_A_MACHINE = "i-0123456789abcdef0"
_FIX = "give the role IM_GUARD_ROLE the trust and the rights of docs/guard.md"
_ABOUT = {
    STOPS: "no guard of a machine that is stopped ever acts",
    TERMINATES: "no guard of a machine that cannot be stopped (--spot one-time) ever acts",
}


def checks(iam: Any, region: str, deployment: str, role: str) -> list[Check]:
    """One line about whom the role trusts, and one for each way to end a machine. Changes nothing, never raises."""
    found = _ROLE.fullmatch(role)
    if found is None:
        told = f"IM_GUARD_ROLE is no role's ARN: {role[:80]}"
        return [Check(TRUST, ok=False, detail=told, fix="it looks like arn:aws:iam::111122223333:role/im-guard")]
    return [_trust(iam, region, found[1], found[2]), *_rights(iam, region, found[1], role, deployment)]


def _trust(iam: Any, region: str, account: str, name: str) -> Check:
    try:
        with translated():
            document = iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]
    except ProviderError as exc:
        if cloud_code(exc) == "NoSuchEntity":
            return Check(TRUST, ok=False, detail=f"there is no role {name} in this account", fix=_FIX)
        return _unproven(TRUST, "that schedules may run as the guard's role", "iam:GetRole", exc)
    group = f"arn:{partition_of(region)}:scheduler:{region}:{account}:schedule-group/default"
    told = {"aws:sourceaccount": account, "aws:sourcearn": group}
    lent = [_lent(one, told) for one in _many(document.get("Statement", []))]
    if True in lent and None not in lent:
        return Check(TRUST, ok=True, detail=f"schedules of {region} may run as {name}")
    if None in lent:
        why = f"{name} trusts under conditions that im does not read"
        return Check(TRUST, ok=True, detail=f"not proven that schedules of {region} may run as it: {why}")
    detail = f"{name} does not trust {SERVICE} for schedules of {region}, so no guard acts there"
    return Check(TRUST, ok=False, detail=detail, fix=_FIX)


def _lent(statement: Mapping[str, Any], told: Mapping[str, str]) -> bool | None:
    """May a schedule run as the role by this statement? None: that is not for us to say."""
    principal = statement.get("Principal", {})
    services = _many(principal.get("Service", [])) if isinstance(principal, Mapping) else _many(principal)
    if not any(one in (SERVICE, "*") for one in services):
        return False
    if statement.get("Effect") != "Allow":
        return None
    if not any(fnmatchcase("sts:assumerole", str(one).lower()) for one in _many(statement.get("Action", []))):
        return False
    met: list[bool | None] = [
        _met(operator, key, values, told)
        for operator, asked in statement.get("Condition", {}).items()
        for key, values in asked.items()
    ]
    return False if False in met else None if None in met else True


def _met(operator: str, key: str, values: Any, told: Mapping[str, str]) -> bool | None:
    known, how = told.get(key.lower()), operator.lower().removesuffix("ifexists")
    match: Callable[[str, str], bool]
    match = str.__eq__ if how == "stringequals" else fnmatchcase
    if known is None or how not in ("stringequals", "stringlike", "arnlike", "arnequals"):
        return None
    return any(match(known, str(one)) for one in _many(values))


def _rights(iam: Any, region: str, account: str, role: str, deployment: str) -> list[Check]:
    if not _DEPLOYMENT.fullmatch(deployment):
        told = "not proven what the guard's role may do: the database does not tell this deployment's id"
        return [Check(name, ok=True, detail=told) for name in _ACTIONS]
    machine = f"arn:{partition_of(region)}:ec2:{region}:{account}:instance/{_A_MACHINE}"
    tag = {
        "ContextKeyName": f"aws:ResourceTag/{DEPLOYMENT}",
        "ContextKeyValues": [deployment],
        "ContextKeyType": "string",
    }
    try:
        with translated():
            answer = iam.simulate_principal_policy(
                PolicySourceArn=role,
                ActionNames=list(_ACTIONS.values()),
                ResourceArns=[machine],
                ContextEntries=[tag],
            )
    except ProviderError as exc:
        if cloud_code(exc) == "NoSuchEntity":  # whom it trusts has told so
            return []
        what = {STOPS: "that the guard's role may stop", TERMINATES: "that the guard's role may terminate"}
        return [_unproven(name, what[name], "iam:SimulatePrincipalPolicy", exc) for name in _ACTIONS]
    said = {one["EvalActionName"].lower(): one for one in answer["EvaluationResults"]}
    return [_right(name, action, said.get(action.lower(), {}), role, deployment) for name, action in _ACTIONS.items()]


def _right(name: str, action: str, said: Mapping[str, Any], role: str, deployment: str) -> Check:
    whose = f"machines tagged {DEPLOYMENT}={deployment}"
    if said.get("EvalDecision") == "allowed":
        return Check(name, ok=True, detail=f"IAM lets {role} do {action} on {whose}")
    if missing := said.get("MissingContextValues"):
        told = f"not proven that the guard's role may {action}: its policy asks for {', '.join(missing)[:200]}"
        return Check(name, ok=True, detail=told)
    return Check(name, ok=False, detail=f"{role} may not do {action} on {whose}: {_ABOUT[name]}", fix=_FIX)


def _unproven(name: str, what: str, right: str, exc: ProviderError) -> Check:
    return Check(name, ok=True, detail=f"not proven {what}: {exc.message}; {right} lets im ask")


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
