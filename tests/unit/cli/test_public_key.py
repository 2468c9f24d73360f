"""Every way to give the wrong file to `--public-key`, each with its own sentence; what is in it is never shown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from im.cli.options.public_key import MAX_BYTES, read_public_key
from im.domain.errors import Refused

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUvTP2ZzNfVJzGwDgnBpGmGH1GSUSbY0yV9r9eoyv6z me\n"
MAKE = "ssh-keygen -t ed25519  makes a key; then --public-key ~/.ssh/id_ed25519.pub"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    return tmp_path


def _refused(path: Path | None) -> Refused:
    with pytest.raises(Refused) as caught:
        read_public_key(path)
    return caught.value


def test_a_key_is_read(home: Path) -> None:
    (home / ".ssh" / "id_rsa.pub").write_text(KEY)
    assert read_public_key(Path("~/.ssh/id_rsa.pub")) == KEY


def test_no_key_given_and_none_made_yet() -> None:
    error = _refused(None)
    assert (error.message, error.hint) == ("im create needs the public key that may log in", MAKE)


@pytest.mark.parametrize("name", ["id_ed25519.pub", "id_rsa.pub"])
def test_no_key_given_but_the_usual_one_is_there(home: Path, name: str) -> None:
    (home / ".ssh" / name).write_text(KEY)
    assert _refused(None).hint == f"--public-key {home}/.ssh/{name}"


def test_a_missing_file(home: Path) -> None:
    assert _refused(home / "nope.pub").message == f"there is no file {home}/nope.pub"


def test_a_folder_names_the_key_in_it(home: Path) -> None:
    (home / ".ssh" / "id_rsa.pub").write_text(KEY)
    error = _refused(home / ".ssh")
    assert error.message == f"{home}/.ssh is a folder, not a public key"
    assert error.hint == f"--public-key {home}/.ssh/id_rsa.pub"


def test_a_file_that_may_not_be_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = home / "shut.pub"
    shut.write_text(KEY)
    shut.chmod(0)
    if os.geteuid() == 0:  # root may read everything: let the kernel's answer come from us

        def denied(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", denied)
    assert _refused(shut).message == f"{shut} cannot be read: permission denied"


def test_a_private_key_with_its_public_half_beside_it(home: Path) -> None:
    private = home / "id_ed25519"
    private.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nsecretsecret\n")
    assert _refused(private).hint == f"ssh-keygen -y -f {private}  prints its public half"
    (home / "id_ed25519.pub").write_text(KEY)
    error = _refused(private)
    assert error.message == f"{private} is a private key, which must never leave this machine"
    assert error.hint == f"--public-key {private}.pub"
    assert "secretsecret" not in error.message + error.hint


def test_too_big_empty_and_binary(home: Path) -> None:
    file = home / "key.pub"
    file.write_bytes(b"a" * (MAX_BYTES + 1))
    assert _refused(file).message == f"{file} is too big for a public key (more than 16 kB)"
    file.write_bytes(b" \n")
    assert _refused(file).message == f"{file} is empty"
    file.write_bytes(b"\xff\xfe\x00")
    assert _refused(file).message == f"{file} is not a public key: it is no text"


def test_a_device_without_end_is_not_read_to_its_end() -> None:
    assert "too big" in _refused(Path("/dev/zero")).message
