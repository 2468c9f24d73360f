"""User data as editors and shells of all systems leave it: the machine gets what will run, and the person is told of it."""

from __future__ import annotations

import base64
import gzip
from pathlib import Path

import pytest

from im.cli.options.user_data import read_user_data
from im.domain.errors import Refused

SCRIPT = "#!/bin/sh\necho hello\n"
CONFIG = "#cloud-config\npackages: [jq]\n"

MENDED = {
    "a byte order mark": (CONFIG.encode("utf-8-sig"), CONFIG, "a byte order mark"),
    "UTF-16": (SCRIPT.replace("\n", "\r\n").encode("utf-16"), SCRIPT, "in UTF-16 and"),
    "UTF-16 without its mark": (SCRIPT.encode("utf-16-le"), SCRIPT, "in UTF-16"),
    "line ends of Windows": (SCRIPT.replace("\n", "\r\n").encode(), SCRIPT, "the line ends of Windows"),
    "an empty first line": (f"\n{SCRIPT}".encode(), SCRIPT, "with lines before its first"),
    "base64": (base64.encodebytes(SCRIPT.encode()), SCRIPT, "is base64 already"),
}


@pytest.mark.parametrize("form", MENDED)
def test_what_would_not_run_is_mended_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    content, gets, told = MENDED[form]
    file = tmp_path / "init"
    file.write_bytes(content)
    assert read_user_data(file) == gets.encode()
    assert told in capsys.readouterr().err


AS_IT_IS = {
    "a script": SCRIPT.encode(),
    "cloud-config": CONFIG.encode(),
    "gzip": gzip.compress(SCRIPT.encode()),
    "PowerShell, with its line ends": b"<powershell>\r\nls\r\n</powershell>\r\n",
    "several parts": b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x--\r\n",
    "a script in an older encoding": "#!/bin/sh\necho é\n".encode("latin-1"),
}


@pytest.mark.parametrize("form", AS_IT_IS)
def test_the_rest_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str) -> None:
    file = tmp_path / "init"
    file.write_bytes(AS_IT_IS[form])
    assert read_user_data(file) == AS_IT_IS[form]
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [("echo hello\n", "begin with #! or #cloud-config"), ("# cloud-config\na: b\n", "begin with #cloud-config")],
)
def test_what_cloud_init_ignores_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, told: str
) -> None:
    file = tmp_path / "init"
    file.write_text(content)
    assert read_user_data(file) == content.encode()
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"), [(b"\xef\xbb\xbf \r\n", "is empty"), (b"\xfd7zXZ\x00 and so on", "is compressed by xz")]
)
def test_what_can_never_run_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    file = tmp_path / "init"
    file.write_bytes(content)
    with pytest.raises(Refused, match=told):
        read_user_data(file)
