"""Where the config file and the state folder lie, and what the file says; a person without a home has neither, and may go on."""

from __future__ import annotations

import getpass
import re
import stat
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from im.domain.errors import Refused
from im.domain.input import written


def read_config(path: Path, known: Collection[str], *, required: bool) -> dict[str, Any]:
    """The settings in the TOML file, by name; none where there is no file, unless it is `required`. Raises Refused."""
    try:
        text = written.unix(written.read(path.read_bytes()))
    except FileNotFoundError:
        if required:
            raise Refused(f"there is no config file {path}", "unset IM_CONFIG or create the file") from None
        return {}
    except UnicodeDecodeError:
        raise Refused(
            f"{path} cannot be read: it is not written in UTF-8", "mend the file or unset IM_CONFIG"
        ) from None
    except OSError as exc:
        if not required and isinstance(exc, PermissionError | NotADirectoryError):
            return {}  # somebody else's home, as a service without one of its own is given
        why = (exc.strerror or "no reason given").lower()
        raise Refused(f"{path} cannot be read: {why}", "mend the file or unset IM_CONFIG") from exc
    import tomllib  # every command reads its settings, and few have a file

    try:
        read = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        at = re.search(r"at (line \d+, column \d+|end of document)", str(exc))
        where = f" ({at[1]})" if at else ""
        raise Refused(f"{path} cannot be read: it is not TOML{where}", "mend the file or unset IM_CONFIG") from exc
    for name in read:
        if name not in known:
            raise Refused(f"{path} has an unknown setting '{name}'", f"known: {', '.join(sorted(known))}")
    return read


_PASSWORD = re.compile(r"://[^/@]*:[^/@]+@|[?&\s]password=.|^notice_(webhook|slack)=.")
"""In a URL, among a connection's options, or a URL that is a secret as a whole."""


def exposed(path: Path, secrets: Collection[str]) -> str:
    """A sentence when everybody on this machine can read a password in the file; `secrets` are the settings that may hold one."""
    try:
        whole = path.resolve()
        if not whole.stat().st_mode & stat.S_IROTH or not passable(whole):
            return ""
        import tomllib

        read = tomllib.loads(written.unix(written.read(whole.read_bytes())))
    except (OSError, RuntimeError, ValueError):
        return ""
    held = sorted(name for name in secrets if _PASSWORD.search(f"{name}={read.get(name, '')}"))
    return f"{path} holds a password ({', '.join(held)}) and every user of this machine can read it" if held else ""


def passable(path: Path) -> bool:
    """Does every folder above `path` let every user through?"""
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)


def xdg(env: Mapping[str, str], variable: str, fallback: str) -> Path:
    """The folder that the XDG variable names, else `fallback` in the home folder."""
    return Path(env.get(variable) or (Path(env["HOME"]) if env.get("HOME") else _home()) / fallback)


def expanded(path: Path) -> Path:
    """`path` without its tilde. Raises Refused where nobody knows that home."""
    try:
        return path.expanduser()
    except RuntimeError:
        raise Refused(f"{path} names a home folder that is not known here", "set IM_HOME to a whole path") from None


def _home() -> Path:
    try:
        return Path.home()
    except (RuntimeError, KeyError):  # a user without a name, as containers have
        return Path("/nonexistent")


def os_user(env: Mapping[str, str]) -> str:
    """Who a person is as long as nobody says it."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return env.get("USER", "unknown")
