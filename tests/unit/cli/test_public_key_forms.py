"""A public key in every form that editors, shells and other tools leave it in: taken where its meaning is certain, else named."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from im.cli.options.public_key import read_public_key
from im.domain.errors import Refused

BLOB = "AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z"
LINE = f"ssh-ed25519 {BLOB} me"
OTHER = f"ssh-ed25519 {BLOB[:-4]}yyyy you"

TAKEN = {
    "a byte order mark": LINE.encode("utf-8-sig"),
    "UTF-16, as PowerShell's > writes it": f"{LINE}\r\n".encode("utf-16"),
    "UTF-16 the other way round": b"\xfe\xff" + f"{LINE}\r\n".encode("utf-16-be"),
    "UTF-16 without its mark": f"{LINE}\r\n".encode("utf-16-le"),
    "UTF-32": LINE.encode("utf-32"),
    "line ends of Windows": f"{LINE}\r\n".encode(),
    "line ends of an old Mac": f"\r{LINE}\r".encode(),
    "an empty first line and blanks": f"\n \n\t {LINE} \n\n".encode(),
    "a remark above": f"# laptop\n{LINE}\n".encode(),
    "quotes around, as cmd's echo writes them": f'"{LINE}" \r\n'.encode(),
    "twice the same": f"{LINE}\n{LINE}\n".encode(),
    "base64 of the line": base64.encodebytes(LINE.encode()),
}


@pytest.mark.parametrize("form", TAKEN)
def test_it_is_taken(tmp_path: Path, form: str) -> None:
    file = tmp_path / "key.pub"
    file.write_bytes(TAKEN[form])
    assert read_public_key(file).split() == LINE.split()


def test_the_type_is_read_from_a_bare_key(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_text(BLOB)
    assert read_public_key(file).split() == LINE.split()[:2]


def test_a_comment_in_an_older_encoding_does_no_harm(tmp_path: Path) -> None:
    file = tmp_path / "key.pub"
    file.write_bytes(f"ssh-ed25519 {BLOB} josé@büro".encode("latin-1"))
    assert read_public_key(file).split()[:2] == LINE.split()[:2]


REFUSED = {
    "several keys": (f"{LINE}\n{OTHER}\n".encode(), "holds 2 public keys"),
    "options": (f'command="/bin/true",no-pty {LINE}\n'.encode(), "has options of authorized_keys before the key"),
    "a line of known_hosts": (f"example.com {LINE}\n".encode(), "has more before the key"),
    "wrapped": (f"ssh-ed25519 {BLOB[:30]}\n{BLOB[30:]} me\n".encode(), "is broken over 2 lines"),
    "gzip": (gzip.compress(LINE.encode()), "is compressed (gzip)"),
    "a private key in UTF-16": ("-----BEGIN OPENSSH PRIVATE KEY-----\n".encode("utf-16"), "is a private key"),
    "only a mark": (b"\xef\xbb\xbf\r\n", "is empty"),
    "a picture": (b"\x89PNG\r\n\x1a\n\x00\x00", "it is no text"),
}


@pytest.mark.parametrize("form", REFUSED)
def test_it_is_refused_by_its_name(tmp_path: Path, form: str) -> None:
    content, told = REFUSED[form]
    file = tmp_path / "key.pub"
    file.write_bytes(content)
    with pytest.raises(Refused, match=told.replace("(", r"\(").replace(")", r"\)")) as refused:
        read_public_key(file)
    assert refused.value.hint
    assert BLOB[:30] not in f"{refused.value} {refused.value.hint}"


def test_a_home_that_nobody_knows_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="names a home folder that is not known here"):
        read_public_key(Path("~no-such-user-here/key.pub"))
