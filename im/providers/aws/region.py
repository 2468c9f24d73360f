"""Where a machine goes when nobody says where: the environment, im's config file, the AWS profile that is in use, us-east-1.

Read without boto3, which takes half a second: whoever types `im create` often has neither it nor credentials. For profiles the
files, variables and their order are boto3's own: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from im.domain.config.region import Region

VARIABLES = ("AWS_REGION", "AWS_DEFAULT_REGION")
DEFAULT = Region("us-east-1", "the default", ambient=True)


def default_region(env: Mapping[str, str], written: Region | None) -> Region:
    """The region, with its source in words. `written`: what im's own config file says. Never raises."""
    for variable in VARIABLES:
        if env.get(variable):
            return Region(env[variable], variable)
    return written or region_of_profile(env, _profile_in_use(env)) or _default(env)


def _profile_in_use(env: Mapping[str, str]) -> str:
    """boto3 looks at the older variable first."""
    return env.get("AWS_DEFAULT_PROFILE") or env.get("AWS_PROFILE") or "default"


def region_of_profile(env: Mapping[str, str], name: str) -> Region | None:
    """What a profile names, in the files where AWS's own tools keep them; None where it names none."""
    for path, wanted in _files(env, name):
        try:
            region = dict(_settings(path, wanted)).get("region")
        except (OSError, UnicodeDecodeError):
            continue
        if region:
            return Region(region, f"the profile {name} in {path}", ambient=True)
    return None


def _default(env: Mapping[str, str]) -> Region:
    """us-east-1, and why, where somebody may have meant another one."""
    name, why = _profile_in_use(env), ""
    for path, _ in _files(env, name):
        if os.access(path, os.F_OK) and not os.access(path, os.R_OK):
            why = f": {path} cannot be read"
    if not why and name != "default":
        why = f": no region is named for the profile {name}"
    return Region(DEFAULT, DEFAULT.said + why, ambient=True)


def _files(env: Mapping[str, str], name: str) -> Iterator[tuple[Path, tuple[str, ...]]]:
    """(file, names of the profile's section in it); what the credentials file says goes before the config file."""
    yield _path(env, "AWS_SHARED_CREDENTIALS_FILE", "credentials"), (name,)
    bare = (name,) if name == "default" else ()
    yield _path(env, "AWS_CONFIG_FILE", "config"), (f"profile {name}", *bare)


def _path(env: Mapping[str, str], variable: str, name: str) -> Path:
    home = env.get("HOME") or os.path.expanduser("~")  # Path.home() raises for a uid that nobody knows
    written = env.get(variable) or f"~/.aws/{name}"
    return Path(home + written[1:] if written.startswith("~/") else os.path.expandvars(written))


def _settings(path: Path, sections: Sequence[str]) -> Iterator[tuple[str, str]]:
    """(key, value) of some sections of an INI file. What is indented belongs to the key above it, and is left out."""
    inside = False
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        text = line.strip()
        if text.startswith("[") and "]" in text:
            head = text[1 : text.rindex("]")].replace('"', "").replace("'", "")
            inside = " ".join(head.split()) in sections
        elif inside and text and not line[0].isspace() and not text.startswith(("#", ";")):
            key, _, value = text.partition("=")
            yield key.strip().lower(), value.strip()
