"""The file behind `--public-key`: read with every way to get it wrong answered. What is in it is the provider's to judge."""

from __future__ import annotations

import re
from pathlib import Path

from im.domain.errors import Refused
from im.domain.input import written

MAX_BYTES = 16 * 1024
_USUAL = ("id_ed25519.pub", "id_rsa.pub")
_TYPE = re.compile(r"(?:ssh|ecdsa|sk)-[a-z0-9@.-]+")
_WITHIN = re.compile(r"(?<![\w-])(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-\w+|sk-[a-z0-9@.-]+) AAAA")


def read_public_key(path: Path | None) -> str:
    """The line in the file that is the key. Raises Refused, with the file that was probably meant; never shows what is in it."""
    if path is None:
        raise Refused("im create needs the public key that may log in", _suggest())
    path, content = _read(path)
    if b"PRIVATE KEY" in content.replace(b"\0", b"") or content.startswith(b"PuTTY-User-Key-File"):
        beside = path.with_name(f"{path.name}.pub")
        hint = f"--public-key {beside}" if beside.is_file() else f"ssh-keygen -y -f {path}  prints its public half"
        raise Refused(f"{path} is a private key, which must never leave this machine", hint)
    if content.startswith(b"\x1f\x8b"):
        raise Refused(f"{path} is compressed (gzip), not a public key", f"gunzip -c {path} > key.pub")
    lines = _lines(path, _text(path, content))
    if not lines:
        raise Refused(f"{path} is empty", _suggest())
    return f"{_one(path, lines)}\n"


def _read(path: Path) -> tuple[Path, bytes]:
    try:
        path = path.expanduser()
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except RuntimeError:  # no such user, or no home
        raise Refused(f"{path} names a home folder that is not known here", "give the whole path of the file") from None
    except FileNotFoundError:
        raise Refused(f"there is no file {path}", _suggest()) from None
    except IsADirectoryError:
        raise Refused(f"{path} is a folder, not a public key", _suggest(path)) from None
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {(exc.strerror or 'no reason given').lower()}", _suggest()) from None
    if len(content) > MAX_BYTES:
        raise Refused(f"{path} is too big for a public key (more than {MAX_BYTES // 1024} kB)", _suggest())
    return path, content


def _text(path: Path, content: bytes) -> str:
    try:
        return written.read(content)
    except UnicodeDecodeError:
        if _TYPE.match(content[:64].decode("latin-1")) and b"\0" not in content:
            return content.decode(
                "latin-1"
            )  # a comment with a name in it, as Windows writes it: the key itself is ASCII
    raise Refused(f"{path} is not a public key: it is no text", _suggest()) from None


def _lines(path: Path, text: str) -> list[str]:
    """Without what authorized_keys may have around its keys: empty lines, remarks, blanks and quotes."""
    bare = (line.strip().strip("\"'\ufeff").strip() for line in written.unix(text).split("\n"))
    lines = [line for line in bare if line and not line.startswith("#")]
    inside = written.from_base64("".join(lines))
    if inside is None:
        return lines
    if inside.startswith((b"ssh-", b"ecdsa-", b"sk-")):
        return _lines(path, _text(path, inside))
    if inside[:4] == b"\0\0\0\x0b" and inside[4:15] == b"ssh-ed25519":
        return [f"ssh-ed25519 {''.join(lines)}"]
    if inside[:4] == b"\0\0\0\x07" and inside[4:11] == b"ssh-rsa":
        return [f"ssh-rsa {''.join(lines)}"]
    return lines


def _one(path: Path, lines: list[str]) -> str:
    first = lines[0]
    if first.startswith("--"):  # a form of several lines, which the provider knows by name
        return "\n".join(lines)
    keys = {" ".join(line.split()[:2]): line for line in lines if _WITHIN.search(line)}
    if len(keys) > 1:
        hint = "put the one you mean into a file of its own; others can be let in by --user-data"
        raise Refused(f"{path} holds {len(keys)} public keys, and a machine is made with one", hint)
    if not keys:
        return "\n".join(lines)
    (line,) = keys.values()
    if len(lines) > 1 and line is first and not any(_WITHIN.search(other) for other in lines[1:]):
        raise Refused(
            f"the key in {path} is broken over {len(lines)} lines, as a terminal or a mail wraps it", _suggest()
        )
    if "-cert-v01@" in line.split()[0]:
        raise Refused(f"{path} is a certificate, not a public key", f"--public-key {_without_cert(path)}")
    if found := _WITHIN.search(line):
        before = line[: found.start()].strip()
        if before:
            told = "options of authorized_keys" if "=" in before or before.startswith(("no-", "restrict")) else "more"
            hint = f"give the line from {found[0].split()[0]} on; a cloud keeps no options"
            raise Refused(f"{path} has {told} before the key", hint)
    return line


def _without_cert(path: Path) -> Path:
    return path.with_name(path.name.replace("-cert.pub", ".pub"))


def _suggest(folder: Path | None = None) -> str:
    try:
        folder = folder or Path("~/.ssh").expanduser()
        for name in _USUAL:
            if (usual := folder / name).is_file():
                return f"--public-key {usual}"
    except (OSError, RuntimeError):
        pass  # no home, or one that may not be read: then nothing can be suggested from it
    return "ssh-keygen -t ed25519  makes a key; then --public-key ~/.ssh/id_ed25519.pub"
