"""STS: who somebody is, and roles of this and other accounts. A role is assumed by whoever asks, unless a fault denies it."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from tests.standin.clock import iso
from tests.standin.errors import AwsError
from tests.standin.registry import Call, action

_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/([\w+=,.@/-]+)", re.ASCII)


@action("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    account = call.region.account
    known = call.cloud.identities.get(call.credentials)
    if known:
        return {"UserId": known["AssumedRoleId"], "Account": account, "Arn": known["Arn"]}
    return {"UserId": "AIDASTANDIN", "Account": account, "Arn": f"arn:aws:iam::{account}:user/standin"}


@action("sts", "AssumeRole", mutating=True)
def assume_role(call: Call) -> dict[str, Any]:
    asked, cloud = call.asked, call.cloud
    found = _ROLE.fullmatch(asked["RoleArn"])
    if not found:
        raise AwsError("ValidationError", f"{asked['RoleArn']} is invalid")
    account, role = found[1], found[2].rpartition("/")[2]
    key = f"ASIA{hashlib.sha256(f'{cloud.seed}/{call.request_id}'.encode()).hexdigest()[:16].upper()}"
    session = asked["RoleSessionName"]
    identity = {
        "AssumedRoleId": f"AROASTANDIN:{session}",
        "Arn": f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
    }
    cloud.accounts[key], cloud.identities[key] = account, identity
    call.effects[key] = f"assumes {identity['Arn']}"
    return {
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": "a-secret-that-nobody-checks",
            "SessionToken": "a-token-that-nobody-checks",
            "Expiration": iso(cloud.clock.read() + asked.get("DurationSeconds", 3600)),
        },
        "AssumedRoleUser": identity,
    }
