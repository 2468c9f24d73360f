"""How an account of AWS is declared, offline and without boto3: a profile, or a role with an external id.

[accounts.prod]
role = "arn:aws:iam::111122223333:role/im"
external_id = "…"
profile = "base"
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from im.domain.config.account import BARE, Account, check_words
from im.domain.errors import Refused
from im.providers.aws.region import VARIABLES, default_region, region_of_profile

if TYPE_CHECKING:
    from im.domain.config.region import Region

WORDS = ("profile", "role", "external_id")
SECRET_VARIABLES, KEPT = ("AWS_", "BOTO_"), VARIABLES
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED = {
    "AWS_ACCESS_KEY_ID": "sandbox",
    "AWS_SECRET_ACCESS_KEY": "sandbox",
    # without these, boto3 would go on looking: profile files, then the metadata service of a cloud machine
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What stands in their place."""
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/[\w+=,.@/-]{1,576}", re.ASCII)
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)


def read(account: Account) -> Account:
    """`account` with each word in its place. Raises Refused for what cannot be."""
    words = dict(account.credentials)
    if BARE in words:
        bare = words.pop(BARE)
        words = {"role" if bare.startswith("arn:") else "profile": bare, **words}
    made = replace(account, credentials=words)
    check_words(made, WORDS)
    if role(made) and not _ROLE.fullmatch(role(made)):
        hint = "it looks like arn:aws:iam::111122223333:role/im"
        raise Refused(f"the role of the account {made.name} is no role's ARN: {role(made)[:80]}", hint)
    if external_id(made) and not _EXTERNAL_ID.fullmatch(external_id(made)):
        raise Refused(f"the external id of the account {made.name} is none", "2 to 1224 letters, digits or +=,.@:/-")
    if external_id(made) and not role(made):
        raise Refused(
            f"the account {made.name} has an external id and no role", "an external id goes with role = arn:…"
        )
    return made


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """Where machines go when nobody says where; `written`: what im's own config file says. With an account: what its profile
    says, None where it says nothing. Never raises."""
    if account is None:
        return default_region(env, written)
    return region_of_profile(env, profile(account)) if profile(account) else None


def profile(account: Account) -> str:
    return account.credentials.get("profile", "")


def role(account: Account) -> str:
    return account.credentials.get("role", "")


def external_id(account: Account) -> str:
    return account.credentials.get("external_id", "")


def number_of(account: Account) -> str:
    """The number of the account that the role belongs to; empty without a role."""
    found = _ROLE.fullmatch(role(account))
    return found[1] if found else ""


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    return [external_id(account)]


def sentence(account: Account) -> str:
    """How it is reached, for people; no secret is in it."""
    base = f"profile {profile(account)}" if profile(account) else "the workers' own credentials"
    if not role(account):
        return base
    return f"role {role(account)}, assumed with {base}" + (" and an external id" if external_id(account) else "")


def found(env: Mapping[str, str]) -> str:
    """In words, which credentials are to be seen in `env`, and would be used; empty when there are none."""
    if env.get("AWS_ACCESS_KEY_ID"):
        return f"the access key …{env['AWS_ACCESS_KEY_ID'][-4:]}"
    if env.get("AWS_PROFILE"):
        return f"the profile {env['AWS_PROFILE']}"
    if any(k.startswith(("AWS_WEB_IDENTITY", "AWS_CONTAINER_CREDENTIALS")) for k in env):
        return "this machine's role"
    shared = env.get("AWS_SHARED_CREDENTIALS_FILE") or os.path.expanduser("~/.aws/credentials")
    return f"the default profile in {shared}" if os.path.isfile(shared) else ""


MISSING = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
"""What to do when there are none."""


def endpoint(env: Mapping[str, str]) -> str:
    return env.get("AWS_ENDPOINT_URL", "the real AWS")
