"""The person's tags, and those of IM_TAGS, on everything that a launch makes: an account's policy may demand them there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from im.domain.spec.spot import Spot
from im.providers.aws.api.clients import Clients
from im.providers.aws.provider import AwsProvider
from im.providers.errors import Forbidden
from im.settings import Settings
from tests.providers.clouds import DEPLOYMENT
from tests.providers.standin_room import StandInRoom

MADE = {"instance", "volume", "network-interface", "security-group", "key-pair", "spot-instances-request"}


def carriers(room: StandInRoom, key: str) -> dict[str, set[str]]:
    """Kind of resource → the values of the tag on resources of that kind."""
    found: dict[str, set[str]] = {}
    for one in room.raw.describe_tags(Filters=[{"Name": "key", "Values": [key]}])["Tags"]:
        found.setdefault(one["ResourceType"], set()).add(one["Value"])
    return found


def tagged(room: StandInRoom, tags: dict[str, str], **asked: Any) -> None:
    room.wish(ssh_from=("203.0.113.0/24",), **asked)
    room.spec = replace(room.spec, tags=tags)


def test_everything_that_a_launch_makes_carries_the_persons_tags(standin: StandInRoom) -> None:
    tagged(standin, {"CostCentre": "42"}, spot=Spot(), instance_type="t3.nano")
    standin.launch()
    assert carriers(standin, "CostCentre") == {kind: {"42"} for kind in MADE}
    assert set(carriers(standin, "im:deployment")) == MADE


@pytest.mark.parametrize("public_ip", [None, "yes", "no"])
def test_an_account_whose_policy_demands_a_tag_on_everything_lets_us_launch(
    standin: StandInRoom, public_ip: str | None
) -> None:
    standin.control.demand_tags("CostCentre")
    tagged(standin, {"CostCentre": "42"}, options={"public-ip": public_ip})
    standin.launch()
    tagged(standin, {})
    with pytest.raises(Forbidden, match=r"would be without the tag CostCentre"):
        standin.launch()


def test_the_workers_im_tags_are_on_everything_and_the_persons_go_before_them(
    standin: StandInRoom, stepped_clients: Clients
) -> None:
    settings = Settings(sandbox_url=standin.url, tags=(("CostCentre", "1"), ("team", "web")))
    standin.provider = AwsProvider(settings, DEPLOYMENT, stepped_clients)
    tagged(standin, {"CostCentre": "42"})
    standin.launch()
    kinds = MADE - {"spot-instances-request"}
    assert carriers(standin, "CostCentre") == {kind: {"42"} for kind in kinds}
    assert carriers(standin, "team") == {kind: {"web"} for kind in kinds}
