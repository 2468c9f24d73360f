"""IAM, as far as somebody looks at a role: whom it trusts, and what it would be allowed, by its own statements.

Modelled: Allow and Deny, wildcards in actions and resources, and the conditions StringEquals and StringLike. No boundaries, no
policies of organizations.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from tests.standin.clock import iso
from tests.standin.errors import AwsError
from tests.standin.registry import Call, action


@action("iam", "GetRole")
def get_role(call: Call) -> dict[str, Any]:
    name = call.asked["RoleName"]
    arn = next((one for one in call.cloud.roles if one.rpartition("/")[2] == name), "")
    trust = _role(call, arn, name)["trust"]
    document = json.dumps({"Version": "2012-10-17", "Statement": trust})
    shown = {"Path": "/", "RoleName": name, "RoleId": "AROASTANDIN", "Arn": arn, "CreateDate": iso(call.now)}
    return {"Role": {**shown, "AssumeRolePolicyDocument": quote(document)}}


@action("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(call: Call) -> dict[str, Any]:
    asked, arn = call.asked, call.asked["PolicySourceArn"]
    rights = _role(call, arn, arn.rpartition("/")[2])["rights"]
    context = {one["ContextKeyName"].lower(): one["ContextKeyValues"] for one in asked.get("ContextEntries", [])}
    results = [
        _judged(name, resource, rights, context)
        for name in asked["ActionNames"]
        for resource in asked.get("ResourceArns", ["*"])
    ]
    return {"EvaluationResults": results, "IsTruncated": False}


def _role(call: Call, arn: str, name: str) -> dict[str, Any]:
    if arn not in call.cloud.roles:
        raise AwsError("NoSuchEntity", f"The role with name {name} cannot be found.", 404)
    return call.cloud.roles[arn]


def _judged(name: str, resource: str, rights: Any, context: Mapping[str, list[str]]) -> dict[str, Any]:
    missing: set[str] = set()
    effects = {one["Effect"] for one in rights if _applies(one, name, resource, context, missing)}
    decision = "explicitDeny" if "Deny" in effects else "allowed" if "Allow" in effects else "implicitDeny"
    return {
        "EvalActionName": name,
        "EvalResourceName": resource,
        "EvalDecision": decision,
        "MissingContextValues": sorted(missing),
    }


def _applies(
    one: Mapping[str, Any], name: str, resource: str, context: Mapping[str, list[str]], missing: set[str]
) -> bool:
    if not any(fnmatchcase(name.lower(), pattern.lower()) for pattern in _many(one["Action"])):
        return False
    if not any(fnmatchcase(resource, pattern) for pattern in _many(one["Resource"])):
        return False
    met = True
    for asked in one.get("Condition", {}).values():
        for key, values in asked.items():
            if key.lower() not in context:
                missing.add(key)
            met &= any(fnmatchcase(told, value) for told in context.get(key.lower(), []) for value in _many(values))
    return met


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
