"""The sandbox's memory: what it saves it can read again, and what it cannot read it sets aside."""

from __future__ import annotations

import pickle
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID

from im.stack import sandbox
from im.standins.admission import Asked


@pytest.fixture
def cloud() -> Iterator[object]:
    """moto's EC2, empty before and after."""
    regions = sandbox._ec2()[DEFAULT_ACCOUNT_ID]
    regions.pop("us-east-1", None)
    yield regions
    regions.pop("us-east-1", None)


def test_machines_outlive_the_process(tmp_path: Path, cloud) -> None:  # type: ignore[no-untyped-def]
    cloud["us-east-1"].create_tags(["i-12345678"], {"Name": "web-1"})
    sandbox.Keeper(tmp_path / "kept").save()
    assert stat.S_IMODE((tmp_path / "kept").stat().st_mode) == 0o600
    cloud.pop("us-east-1")
    assert not cloud["us-east-1"].describe_tags()
    # other tests of this process may have machines in moto's memory
    assert sandbox.Keeper(tmp_path / "kept").load().startswith("the saved cloud: ")
    assert [tag["value"] for tag in cloud["us-east-1"].describe_tags()] == ["web-1"]


@pytest.mark.parametrize(
    "content", [b"", b"not a pickle", pickle.dumps({"moto": "0.0.1", "ec2": b""}), pickle.dumps([])]
)
def test_what_cannot_be_read_is_set_aside(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "kept").write_bytes(content)
    said = sandbox.Keeper(tmp_path / "kept").load()
    assert said.startswith("an empty cloud: the saved one cannot be read")
    assert (tmp_path / "kept.unreadable").read_bytes() == content
    assert not (tmp_path / "kept").exists()


def test_the_first_start_is_an_empty_cloud(tmp_path: Path) -> None:
    assert sandbox.Keeper(tmp_path / "kept").load() == "an empty cloud"


@pytest.mark.parametrize(
    ("headers", "body", "action"),
    [
        ({}, b"Action=RunInstances&Version=2016-11-15", "RunInstances"),
        ({"x-amz-target": "AmazonSSM.GetParameter"}, b"{}", "GetParameter"),
        ({}, b"\xff\xfe", ""),
        ({}, b"Action=%3Cb%3E%0AStop", ""),
    ],
)
def test_the_call_is_known_by_its_name(headers: dict[str, str], body: bytes, action: str) -> None:
    assert sandbox._action(Asked("POST", "/", "", headers, body)) == action


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:5000", "http://sandbox:sandbox@127.0.0.1:5000", "not a url"])
def test_without_a_secret_of_its_own_it_does_not_start(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IM_SANDBOX_URL", url)
    assert sandbox.main(["--port", "0", "--state", str(tmp_path / "kept")]) == 2
    assert "http://sandbox:SECRET@HOST:PORT" in capsys.readouterr().err
