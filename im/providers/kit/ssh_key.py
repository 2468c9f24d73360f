"""What can be said of a public key without asking anyone: is it one, of a type that clouds take, and whole?"""

from __future__ import annotations

import base64
import hashlib

from im.domain.errors import Refused

MAX_LENGTH = 8192
"""Characters; an RSA key of 16,384 bits, the longest that OpenSSH makes, has under 3,000."""

_TAKEN = ("ssh-ed25519", "ssh-rsa")
_MAKE_ONE = "ssh-keygen -t ed25519  makes one; give the file that ends in .pub"


def check_public_key(text: str, cloud: str) -> str:
    """`type base64`, the comment left out, so that one key is one string. Raises Refused; never repeats the key."""
    key = text.strip()
    if not key:
        raise Refused("no public key was given", "--public-key ~/.ssh/id_ed25519.pub")
    if "PRIVATE KEY" in key or key.startswith("PuTTY-User-Key-File"):
        raise Refused(
            "that is a private key, which must never leave your machine", "give the file next to it that ends in .pub"
        )
    if len(key) > MAX_LENGTH:
        raise Refused(f"that is no public key: it has {len(key)} characters", _MAKE_ONE)
    if key.startswith(("---- BEGIN SSH2", "-----BEGIN")):
        raise Refused("that public key is not in OpenSSH's one-line form", "ssh-keygen -i -f FILE  converts it")
    if len(key.splitlines()) > 1:
        raise Refused("that file holds more than one line", "give a file with a single public key in it")
    kind, _, rest = key.partition(" ")
    if kind not in _TAKEN:
        raise Refused(_why_not(kind, cloud), _MAKE_ONE)
    written = rest.split()[0] if rest.split() else ""
    _check_inside(kind, written)
    return f"{kind} {written}"


def check_key_for_windows(key: str) -> None:
    """The Administrator's password is encrypted with the key, which only RSA can do. Raises Refused."""
    kind = key.partition(" ")[0]
    if kind != "ssh-rsa":
        raise Refused(
            f"Windows images take RSA keys only, and this is {kind}",
            "ssh-keygen -t rsa -b 4096 -f ~/.ssh/id_rsa  makes one; then --public-key ~/.ssh/id_rsa.pub",
        )


def fingerprint_md5(key: str) -> str:
    """Of a checked key: MD5 with colons, as clouds older than SHA-256 name keys."""
    digest = hashlib.md5(base64.b64decode(key.split()[1]), usedforsecurity=False).hexdigest()
    return ":".join(digest[at : at + 2] for at in range(0, 32, 2))


def _why_not(kind: str, cloud: str) -> str:
    if kind.startswith(("ecdsa-", "ssh-dss", "sk-")) and len(kind) < 60:
        return f"{cloud} takes no {kind} keys, only rsa and ed25519"
    return "that is no OpenSSH public key: it does not begin with ssh-ed25519 or ssh-rsa"


def _check_inside(kind: str, written: str) -> None:
    """The decoded key repeats its type and then holds as many fields as that type has."""
    damaged = Refused("that public key is damaged: its middle part does not decode", _MAKE_ONE)
    try:
        blob = base64.b64decode(written, validate=True)
    except ValueError:  # binascii.Error is one, and so is what a letter outside ASCII raises
        raise damaged from None
    fields: list[bytes] = []
    while blob:
        size = int.from_bytes(blob[:4])
        if len(blob) < 4 + size:
            raise damaged
        fields.append(blob[4 : 4 + size])
        blob = blob[4 + size :]
    if not fields or fields[0] != kind.encode():
        raise Refused(f"that public key is damaged: it says {kind} outside and something else inside", _MAKE_ONE)
    whole = len(fields) == 2 and len(fields[1]) == 32 if kind == "ssh-ed25519" else len(fields) == 3
    if not whole:
        raise damaged
