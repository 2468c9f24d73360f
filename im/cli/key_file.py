"""The file behind `--public-key`: read with every way to get it wrong answered. What is in it is the provider's to judge."""

from __future__ import annotations

from pathlib import Path

from im.domain.errors import Refused

MAX_BYTES = 16 * 1024
_USUAL = ("id_ed25519.pub", "id_rsa.pub")


def read_public_key(path: Path | None) -> str:
    """The text of the file. Raises Refused, with the file that was probably meant; never shows what is in it."""
    if path is None:
        raise Refused("im create needs the public key that may log in", _suggest())
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Refused(f"there is no file {path}", _suggest()) from None
    except IsADirectoryError:
        raise Refused(f"{path} is a folder, not a public key", _suggest(path)) from None
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {(exc.strerror or 'no reason given').lower()}", _suggest()) from None
    if len(content) > MAX_BYTES:
        raise Refused(f"{path} is too big for a public key (more than {MAX_BYTES // 1024} kB)", _suggest())
    if b"PRIVATE KEY" in content or content.startswith(b"PuTTY-User-Key-File"):
        beside = path.with_name(f"{path.name}.pub")
        hint = f"--public-key {beside}" if beside.is_file() else f"ssh-keygen -y -f {path}  prints its public half"
        raise Refused(f"{path} is a private key, which must never leave this machine", hint)
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise Refused(f"{path} is not a public key: it is no text", _suggest()) from None
    if not text.strip():
        raise Refused(f"{path} is empty", _suggest())
    return text


def _suggest(folder: Path | None = None) -> str:
    for name in _USUAL:
        usual = (folder or Path("~/.ssh").expanduser()) / name
        if usual.is_file():
            return f"--public-key {usual}"
    return "ssh-keygen -t ed25519  makes a key; then --public-key ~/.ssh/id_ed25519.pub"
