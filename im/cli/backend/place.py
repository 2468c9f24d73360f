"""Where the API is and which token it is shown: by the environment, by `im login`, or by the config file, in this order.

Whoever names a database in the environment means that one, unless they name an API beside it.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from im.config_file import read_config, xdg
from im.domain.errors import NotSignedIn, Refused
from im.secret import learn

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_DATABASES = ("IM_DATABASE_URL", "IM_BROKER_URL")


@dataclass(frozen=True, slots=True)
class Place:
    """`url` is clean: a scheme, a host, perhaps a port and a path, and nothing else."""

    url: str
    token: str = field(repr=False)
    said: str = "IM_API_URL"
    """Who named it."""

    @property
    def secure(self) -> bool:
        return self.url.startswith("https://")


def kept_in(env: Mapping[str, str]) -> Path:
    """The file of `im login`."""
    return xdg(env, "XDG_CONFIG_HOME", ".config") / "im" / "login.json"


def find(env: Mapping[str, str]) -> Place | None:
    """None where commands ask the services themselves. Raises Refused for what is no address, NotSignedIn without a token."""
    token = env.get("IM_TOKEN", "")
    if url := env.get("IM_API_URL"):
        kept = _kept(env)
        if not token and kept is not None and kept.url == check_url(url):
            token = kept.token
        return _place(url, token, "IM_API_URL", env)
    if any(env.get(name) for name in _DATABASES):
        return None
    if (kept := _kept(env)) is not None:
        return _place(kept.url, token or kept.token, "im login", env)
    config = Path(env.get("IM_CONFIG") or xdg(env, "XDG_CONFIG_HOME", ".config") / "im" / "config.toml")
    if not config.is_file():
        return None
    from im.settings import every_setting  # few have such a file

    written = read_config(config, every_setting(), required=False)
    if not written.get("api_url") or written.get("database_url"):
        return None
    return _place(str(written["api_url"]), token or str(written.get("token", "")), str(config), env)


def _place(url: str, token: str, said: str, env: Mapping[str, str]) -> Place:
    clean = check_url(url)
    learn((), env, [token])
    if not token:
        raise NotSignedIn(f"{clean} wants a token, and none is here", f"im login {clean}, or set IM_TOKEN")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise NotSignedIn("IM_TOKEN holds something that is no token", f"im login {clean}  keeps one that is")
    return Place(clean, token, said)


def check_url(written: str) -> str:
    """The address of an `im web`, as it is used. Raises Refused, which repeats no password."""
    hint = "write it like https://im.example.com"
    text = written.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise Refused("the API's address cannot be read", hint) from None
    if parts.scheme not in ("http", "https") or not host or not text.isprintable() or " " in text:
        raise Refused("the API's address has to be one of the web, with https:// before it", hint)
    if parts.username or parts.password:
        raise Refused("the API's address holds a user or a password, which is not how im is told who asks", hint)
    if parts.query or parts.fragment:
        raise Refused("the API's address has more than a host and a path", hint)
    if parts.scheme == "http" and host not in LOOPBACK:
        raise Refused(
            f"http://{host} would carry your token in the clear, for everybody between to read",
            f"https://{host}; plain http is for this machine alone",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.removesuffix('/api/v1')}"


# ---- what `im login` keeps -------------------------------------------------------------------------------------------


def _kept(env: Mapping[str, str]) -> Place | None:
    """Raises Refused where others can read it: a token that others know is nobody's."""
    path = kept_in(env)
    try:
        mode = path.stat().st_mode
    except OSError:
        return None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Refused(f"{path} holds your token and others on this machine can read it", f"chmod 600 {path}")
    try:
        told = json.loads(path.read_text())
        return Place(check_url(told["url"]), str(told["token"]), "im login")
    except (OSError, ValueError, TypeError, KeyError):
        raise Refused(f"{path} cannot be read as what im login keeps", "im logout, then im login URL") from None


def keep(env: Mapping[str, str], place: Place, login: str) -> Path:
    """Written whole or not at all, and never readable by others in between."""
    path = kept_in(env)
    beside = path.with_name(f".login.{os.getpid()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump({"url": place.url, "login": login, "token": place.token}, file)
        beside.replace(path)
    except OSError as exc:
        with suppress(OSError):
            beside.unlink()
        why = (exc.strerror or "no reason given").lower()
        raise Refused(f"{path} cannot be written: {why}", "set IM_API_URL and IM_TOKEN instead") from None
    return path


def forget(env: Mapping[str, str]) -> bool:
    """False when there was nothing to forget."""
    try:
        kept_in(env).unlink()
    except FileNotFoundError:
        return False
    except OSError as exc:
        why = (exc.strerror or "no reason given").lower()
        raise Refused(f"{kept_in(env)} cannot be removed: {why}", "remove it yourself") from None
    return True
