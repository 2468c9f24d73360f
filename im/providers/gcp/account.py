"""How a project of Google Cloud is reached, offline: which project, and whose credentials, from wherever people keep them.

[accounts.lab]
provider = "gcp"
project = "lab-1234"
credentials = "/etc/im/lab.json"                             # else Application Default Credentials
impersonate = "im@lab-1234.iam.gserviceaccount.com"
"""

from __future__ import annotations

import configparser
import json
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from im.domain.config.account import BARE, Account, check_words
from im.domain.config.region import Region
from im.domain.errors import Refused
from im.providers.gcp.places import DEFAULT_REGION, region_of
from im.providers.kit.extra import Extra

EXTRA = Extra("gcp", "google-auth", ("google.auth", "requests"))
"""What signs in. Without `requests` Google's library finds no service account of the machine that it runs on."""
WORDS = ("project", "credentials", "impersonate")
SECRET_VARIABLES = ("GOOGLE_", "CLOUDSDK_", "GCLOUD_PROJECT", "GCP_PROJECT", "GCE_METADATA_", "NO_GCE_CHECK")
"""Beginnings of variables that no pretended cloud may see."""
KEPT = ("CLOUDSDK_COMPUTE_REGION", "CLOUDSDK_COMPUTE_ZONE", "GOOGLE_CLOUD_REGION", "GOOGLE_REGION", "GOOGLE_ZONE")
PRETENDED = {
    # without these, google-auth would go on looking: gcloud's folder, then the metadata service of a cloud machine
    "CLOUDSDK_CONFIG": os.devnull,
    "NO_GCE_CHECK": "true",
}
"""What stands in their place."""
FILE, TOKEN = "GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_ACCESS_TOKEN"
REGIONS = ("CLOUDSDK_COMPUTE_REGION", "GOOGLE_CLOUD_REGION", "GOOGLE_REGION", "GCLOUD_REGION")
ZONES = ("CLOUDSDK_COMPUTE_ZONE", "GOOGLE_ZONE", "GCLOUD_ZONE")
"""Variables that name the place: gcloud's, those of Google's libraries, and Terraform's."""
PROJECTS = ("GOOGLE_CLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT", "GOOGLE_PROJECT", "GCLOUD_PROJECT", "GCP_PROJECT")
"""Variables that name the project, in the order in which Google's own tools read them."""
_PROJECT = re.compile(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]", re.ASCII)
_SERVICE_ACCOUNT = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+\.[a-z]+", re.ASCII)


def read(account: Account) -> Account:
    """`account` with each word in its place. Raises Refused for what cannot be."""
    words = dict(account.credentials)
    if BARE in words:
        words = {"project": words.pop(BARE), **words}
    made = replace(account, credentials=words)
    check_words(made, WORDS)
    if not _PROJECT.fullmatch(words.get("project", "project-1")):
        hint = "it is the project's id, like lab-1234, not its name or number"
        raise Refused(f"the project of the account {made.name} is none: {words['project'][:60]}", hint)
    if not _SERVICE_ACCOUNT.fullmatch(words.get("impersonate", "a@b.c")):
        hint = "it looks like im@lab-1234.iam.gserviceaccount.com"
        raise Refused(f"whom the account {made.name} impersonates is no service account", hint)
    return made


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """Where machines go when nobody says where; `written`: what im's own config file says. With an account: nothing of its own.
    Never raises."""
    if account is not None:
        return None
    (region, by), (zone, zoned_by) = _first(env, REGIONS), _first(env, ZONES)
    if found := _place(region, zone, by or zoned_by):
        return found
    if written:
        own = region_of(written)
        return Region(own, written.said, ambient=written.ambient, zone=str(written)) if own else written
    kept = _gcloud(env)
    named = _place(kept.get("compute/region", ""), kept.get("compute/zone", ""), "gcloud's configuration", ambient=True)
    return named or Region(DEFAULT_REGION, "the default", ambient=True)


def _place(region: str, zone: str, said: str, *, ambient: bool = False) -> Region | None:
    """A region, with the zone if it is one of it; a zone alone stands for its region."""
    named = region or region_of(zone)
    return Region(named, said, ambient=ambient, zone=zone if region_of(zone) == named else "") if named else None


def _first(env: Mapping[str, str], variables: tuple[str, ...]) -> tuple[str, str]:
    """(value, variable) of the first that is set."""
    return next(((env[one], one) for one in variables if env.get(one)), ("", ""))


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown."""
    return [env.get(TOKEN, "")]


def sentence(account: Account) -> str:
    """How it is reached, for people; no secret is in it."""
    words = account.credentials
    whose = f"the key in {words['credentials']}" if "credentials" in words else "the workers' own credentials"
    as_whom = f", as {words['impersonate']}" if "impersonate" in words else ""
    return f"project {words['project']}, {whose}{as_whom}" if "project" in words else f"{whose}{as_whom}"


def project_of(account: Account, env: Mapping[str, str]) -> str:
    """The project's id, from the account, the environment, the key's file or gcloud; empty where nothing names one."""
    if "project" in account.credentials:
        return account.credentials["project"]
    if named := _first(env, PROJECTS)[0]:
        return named
    told = _key_file(account.credentials.get("credentials") or env.get(FILE, ""))
    return str(told.get("project_id") or told.get("quota_project_id") or _gcloud(env).get("core/project", ""))


def found(env: Mapping[str, str]) -> str:
    """In words, which credentials are to be seen in `env`, and would be used; empty when there are none."""
    project = project_of(Account("default", "gcp"), env)
    where = f", project {project}" if project else ", and no project"
    if env.get(TOKEN):
        return f"the access token in {TOKEN}{where}"
    if env.get(FILE):
        return f"the {_key_file(env[FILE]).get('type', 'unreadable')} file in {FILE}{where}"
    if (_gcloud_folder(env) / "application_default_credentials.json").is_file():
        return f"gcloud's application default credentials{where}"
    return f"this machine's service account{where}" if env.get("GCE_METADATA_HOST") or env.get("K_SERVICE") else ""


MISSING = f"run  gcloud auth application-default login  or set {FILE} to a key's file; and {PROJECTS[0]}"
"""What to do when there are none."""


def endpoint(env: Mapping[str, str]) -> str:
    return env.get("IM_GCP_ENDPOINT", "the real Google Cloud")


def _key_file(path: str) -> dict[str, Any]:
    try:
        told = json.loads(Path(path).expanduser().read_text(encoding="utf-8")) if path else {}
    except (OSError, ValueError, RuntimeError):
        return {}
    return told if isinstance(told, dict) else {}


def _gcloud_folder(env: Mapping[str, str]) -> Path:
    return Path(env.get("CLOUDSDK_CONFIG") or Path(env.get("HOME") or "/nonexistent") / ".config" / "gcloud")


def _gcloud(env: Mapping[str, str]) -> dict[str, str]:
    """`section/name` → value of the configuration that is active in gcloud; nothing where none can be read."""
    folder, parser = _gcloud_folder(env), configparser.ConfigParser(interpolation=None)
    try:
        active = env.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or _text(folder / "active_config") or "default"
        parser.read_string(_text(folder / "configurations" / f"config_{active}"))
    except (OSError, ValueError, configparser.Error):
        return {}
    return {f"{section}/{name}": value for section in parser.sections() for name, value in parser.items(section)}


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""
