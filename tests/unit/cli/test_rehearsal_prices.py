"""What a rehearsal says of a price: out of the table where no token is, and of the cloud's own list for what is not in it."""

from __future__ import annotations

import pytest

from im.standins.digitalocean import DigitalOcean
from im.standins.service import serving
from tests.unit.cli.rehearsal import Rehearsal, rehearsal

__all__ = ["rehearsal"]
OCEAN = ("--provider", "digitalocean", "-d", "2h")
GPU = ("--instance-type", "gpu-h100x1-80gb")


@pytest.fixture(autouse=True)
def no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DIGITALOCEAN_TOKEN", "DIGITALOCEAN_ACCESS_TOKEN", "DO_API_TOKEN", "DO_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_token_the_table_tells_what_it_has(rehearsal: Rehearsal) -> None:
    told = rehearsal.told(*OCEAN)
    assert "$0.0089/h (computing $0.0089), $0.0179 until then; built-in table of 2022-07-01" in told
    assert rehearsal.plan(*OCEAN, "--on-expiry", "terminate")["usd_per_hour_afterwards"] == "0.000000"
    assert rehearsal.plan(*OCEAN, *GPU)["usd_per_hour"] is None


def test_with_one_the_cloud_is_asked_for_what_the_table_has_not(rehearsal: Rehearsal) -> None:
    cloud = DigitalOcean("secret")
    with serving(cloud) as url:
        there = url.replace("://", "://sandbox:secret@")
        plan = rehearsal.plan(*OCEAN, *GPU, IM_SANDBOX_URL=f"digitalocean={there}")
        assert (plan["usd_per_hour"], plan["usd_to_deadline"]) == ("3.390000", "6.780000")
        asked = len(cloud.books.entries)
        rehearsal.plan(*OCEAN, IM_SANDBOX_URL=f"digitalocean={there}")
        assert len(cloud.books.entries) == asked, "what the table has needs no call"
