"""How a subscription of Azure is reached: which one, and who we are there. Offline; no secret leaves this file but to be sent.

[accounts.lab]
provider = "azure"
subscription = "…"                        # usually the az tool's own
tenant = "…"                              # a service principal; without these, whatever Azure's own tools would use
client_id = "…"
client_secret_env = "LAB_SECRET"          # or client_secret_file = "…", client_secret = "…", certificate = "…"
"""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from im.domain.config.account import BARE, Account, check_words
from im.domain.config.region import Region
from im.domain.errors import Refused
from im.providers.kit.extra import Extra

SECRET_VARIABLES, KEPT = ("AZURE_", "ARM_", "IDENTITY_", "MSI_", "IMDS_"), ("AZURE_DEFAULTS_LOCATION", "AZURE_LOCATION")
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED: dict[str, str] = {}
"""What stands in their place."""
EXTRA = Extra("azure", "azure-identity", ("azure.identity",))
"""What signs in."""
SECRETS = ("client_secret_env", "client_secret_file", "client_secret", "certificate")
"""Words for what proves who a service principal is; one of them."""
WORDS = ("subscription", "resource_group", "tenant", "client_id", *SECRETS, "use")
USES = ("cli", "environment", "managed-identity", "workload-identity")
"""What `use` may say: which of Azure's own ways alone is to be taken."""
SUBSCRIPTIONS = ("AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID")
LOCATIONS = ("AZURE_DEFAULTS_LOCATION", "AZURE_LOCATION", "ARM_LOCATION")
"""Those of the az tool and of Azure's libraries, of azd, and of Terraform."""
PROOFS = {
    "AZURE_": ("CLIENT_SECRET", "CLIENT_CERTIFICATE_PATH", "FEDERATED_TOKEN_FILE"),
    "ARM_": ("CLIENT_SECRET", "CLIENT_CERTIFICATE_PATH", "OIDC_TOKEN_FILE_PATH"),
}
"""What may prove a service principal, by the beginning of its variables: Azure's own tools', and Terraform's."""
DEFAULT = Region("eastus", "the default", ambient=True)


def read(account: Account) -> Account:
    """`account` itself. Raises Refused for a word that is none, and for words that do not go together."""
    check_words(account, WORDS)
    words = account.credentials
    if BARE in words:
        raise Refused(f"the account {account.name} has a value without a word", f"give one of {', '.join(WORDS)}")
    proofs = [word for word in SECRETS if word in words]
    if len(proofs) > 1:
        raise Refused(f"the account {account.name} has {' and '.join(proofs)}", "give one of them")
    if proofs and not {"tenant", "client_id"} <= words.keys():
        raise Refused(
            f"the account {account.name} has a {proofs[0]} of nobody", "give its tenant and client_id as well"
        )
    if not proofs and "tenant" in words:
        raise Refused(
            f"the account {account.name} has nothing that proves who it is", f"give one of {', '.join(SECRETS)}"
        )
    if (use := words.get("use")) is not None and (use not in USES or proofs):
        raise Refused(f"the account {account.name} has use = '{use[:40]}'", f"alone, and one of {', '.join(USES)}")
    return account


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """The location where machines go when nobody says where: as Azure's own tools have it, else eastus. With an account: nothing of
    its own. Never raises."""
    if account is not None:
        return None
    for variable in LOCATIONS:
        if env.get(variable):
            return Region(_plain(env[variable]), variable)
    if written:
        location, dash, _ = written.partition("-")
        return Region(location, written.said, ambient=written.ambient, zone=str(written) if dash else "")
    try:
        parser = configparser.ConfigParser()
        parser.read_string((_folder(env) / "config").read_text(encoding="utf-8"))
        found = _plain(parser.get("defaults", "location", fallback=""))
    except (OSError, UnicodeDecodeError, configparser.Error):
        found = ""
    return Region(found, "the az tool's defaults", ambient=True) if found else DEFAULT


def _plain(location: str) -> str:
    """Azure's tools take `West Europe` for westeurope."""
    return location.replace(" ", "").lower()


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    return [account.credentials.get("client_secret", ""), env.get(account.credentials.get("client_secret_env", ""), "")]


def sentence(account: Account) -> str:
    """Who it is, for people."""
    words = account.credentials
    where = f" in the subscription {words['subscription']}" if "subscription" in words else ""
    for word in SECRETS:
        if word in words:
            named = f" in {words[word]}" if word != "client_secret" else ""
            return f"the service principal {words['client_id']} by its {_called(word)}{named}{where}"
    if "use" in words:
        return f"Azure's own way: {words['use']}{where}"
    return f"Azure's own environment variables, a managed identity, or the az tool{where}"


def secret_of(account: Account, env: Mapping[str, str]) -> str:
    """The secret of its service principal; empty where there is none. Raises Refused for a file that cannot be read."""
    words = account.credentials
    if "client_secret_env" in words:
        return env.get(words["client_secret_env"], "").strip()
    if "client_secret_file" in words:
        try:
            return Path(words["client_secret_file"]).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, RuntimeError, UnicodeDecodeError) as exc:
            told = f"the file of a secret cannot be read: {words['client_secret_file']}"
            raise Refused(told, "mend client_secret_file in the config file") from exc
    return words.get("client_secret", "").strip()


def subscription_of(account: Account, env: Mapping[str, str]) -> str:
    """The subscription's id: the account's own, the environment's, the az tool's usual one; empty where none is named."""
    if "subscription" in account.credentials:
        return account.credentials["subscription"].strip().lower()
    named = next((env[one] for one in SUBSCRIPTIONS if env.get(one)), "")
    return (named or _of_profile(env)).strip().lower()


def principal_of(env: Mapping[str, str]) -> tuple[str, str]:
    """(beginning of the variables that name a service principal, the one that proves it): those of Azure's own tools, or else
    Terraform's; both empty where there is none."""
    for beginning, proofs in PROOFS.items():
        if env.get(f"{beginning}TENANT_ID") and env.get(f"{beginning}CLIENT_ID"):
            for word in proofs:
                if env.get(beginning + word):
                    return beginning, beginning + word
    return "", ""


def found(env: Mapping[str, str]) -> str:
    """In words, what is to be seen in `env`, and would be used; empty when there is nothing. A managed identity does not show."""
    subscription = subscription_of(Account("default", "azure"), env)
    where = f", subscription {subscription}" if subscription else ", and no subscription"
    beginning, proof = principal_of(env)
    if proof:
        return f"the service principal in {beginning}CLIENT_ID, with {proof}{where}"
    if env.get("IDENTITY_ENDPOINT"):
        return f"the managed identity at IDENTITY_ENDPOINT{where}"
    return f"the az tool's login{where}" if _of_profile(env) else ""


MISSING = "az login, or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET"
"""What to do when there is none."""


def endpoint(env: Mapping[str, str]) -> str:
    return resource_manager(env).removeprefix("https://") if "AZURE_AUTHORITY_HOST" in env else "the real Azure"


def resource_manager(env: Mapping[str, str]) -> str:
    """The address of the Resource Manager that belongs to the authority that signs us in."""
    authority = env.get("AZURE_AUTHORITY_HOST", "").rstrip("/").removeprefix("https://")
    return {
        "login.microsoftonline.us": "https://management.usgovcloudapi.net",
        "login.partner.microsoftonline.cn": "https://management.chinacloudapi.cn",
        "login.chinacloudapi.cn": "https://management.chinacloudapi.cn",
    }.get(authority, "https://management.azure.com")


def _called(word: str) -> str:
    return "certificate" if word == "certificate" else "secret"


def _folder(env: Mapping[str, str]) -> Path:
    return Path(env.get("AZURE_CONFIG_DIR") or Path(env.get("HOME") or "/nonexistent") / ".azure")


def _of_profile(env: Mapping[str, str]) -> str:
    """The az tool's usual subscription; its file begins with a byte order mark."""
    try:
        kept: dict[str, Any] = json.loads((_folder(env) / "azureProfile.json").read_text(encoding="utf-8-sig"))
        return next(str(one["id"]) for one in kept["subscriptions"] if one.get("isDefault"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, StopIteration):
        return ""
