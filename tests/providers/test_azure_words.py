"""What Azure says, and what is said of it without asking: codes, prices, checks, and refusals before anything is written."""

from __future__ import annotations

from decimal import Decimal

import pytest

from im.domain.errors import Refused
from im.domain.money.bill import IPV4, Item
from im.domain.spec.disk import Disk
from im.domain.spec.spot import Spot
from im.providers import errors
from im.providers.azure.errors import CODES, meaning
from im.providers.azure.profile import PROFILE
from im.providers.contract import merge_pages
from im.providers.request import Ask
from tests.providers.azure_room import LOCATION, AzureRoom, provider_at
from tests.providers.clouds import DEPLOYMENT, public_key


def test_without_a_token_and_with_a_wrong_one_nobody_is_known(azure: AzureRoom) -> None:
    for token in ("", "account.wrong"):
        stranger = provider_at(azure.url, DEPLOYMENT, token)
        with pytest.raises(errors.Unauthenticated):
            merge_pages(stranger.list(azure.scope))
        assert {one.ok for one in stranger.checks(azure.scope)} == {False}


def test_a_subscription_that_is_switched_off_is_said_to_be(azure: AzureRoom) -> None:
    azure.subscription.state = "Disabled"
    azure.subscription.unregistered.add("microsoft.network")
    failed = {one.name: one.detail for one in azure.provider.checks(azure.scope) if not one.ok}
    assert failed.keys() == {"identity", "providers"}
    assert "az provider register -n Microsoft.Network" in failed["providers"]


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_one_meaning(code: str) -> None:
    found = meaning({"code": code, "message": "said"})
    assert type(found) is CODES[code]
    assert found.message.startswith(f"Azure: {code}: said")


def test_the_innermost_code_that_is_known_decides() -> None:
    inner = {"code": "OverconstrainedAllocationRequest", "message": "no such room"}
    told = meaning({"code": "ResourceOperationFailure", "message": "failed", "details": [inner]})
    assert isinstance(told, errors.NoCapacity)
    assert isinstance(meaning({"code": "OperationNotAllowed", "message": "too many requests"}, 429), errors.Throttled)
    assert isinstance(meaning({"code": "OperationNotAllowed", "message": "it is busy"}, 409), errors.WrongState)
    assert isinstance(meaning({"code": "RetryableError", "message": "again"}, 429), errors.WrongState)
    assert meaning({"code": "NeverHeardOf", "message": ""}) is None


def test_its_prices_are_those_of_linux_and_of_a_disk_by_its_size(azure: AzureRoom) -> None:
    names = ("Standard_D2as_v5", IPV4, "disk:standardssd-e4", "Standard_X99", "disk:gp3")
    items = [Item("azure", LOCATION, name) for name in names]
    spot = Item("azure", LOCATION, "Standard_D2as_v5", "spot")
    found = {one: price.usd for one, (price,) in azure.provider.prices.fetch(azure.scope, [*items, spot]).items()}
    assert found == {
        items[0]: Decimal("0.086"),
        items[1]: Decimal("0.005"),
        items[2]: Decimal("2.40") / 32,
        spot: Decimal("0.0215"),
    }


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"instance_type": "standard_b1s"}, "did you mean Standard_B1s"),
        ({"instance_type": "B1s"}, "did you mean Standard_B1s"),
        ({"instance_type": "t3.nano"}, "sizes look like Standard_B1s"),
        ({"zone": "westeurop"}, "did you mean westeurope"),
        ({"zone": "West Europe"}, "did you mean westeurope"),
        ({"zone": "us-east-1a"}, "like westeurope-1"),
        ({"hibernate": True, "spot": Spot()}, "leave --hibernate out, or --spot"),
        ({"hibernate": True, "instance_type": "Standard_B1s"}, "choose another, like Standard_D2as_v5"),
        ({"hibernate": True, "instance_type": "Standard_D2ps_v5"}, "choose another, like Standard_D2as_v5"),
        ({"root_disk": Disk(size_gb=10)}, "30 GB at least"),
        ({"root_disk": Disk(kind="gp3")}, "no kind of disk at Azure"),
        ({"volumes": (Disk(size_gb=10, encrypted=False),)}, "encrypted at rest"),
        ({"user_data": b"x" * 70000}, "at most 65,535 bytes"),
        ({"subnet": "subnet-1"}, "leave --vpc and --subnet out"),
        ({"options": {"iam-role": "x"}}, "iam-role"),
        ({"spot": Spot(), "instance_type": "Standard_B2s"}, "no spot machines of Standard_B2s"),
        ({"ssh_user": "root"}, "lets nobody log in as root"),
        ({"image": "windows-2022"}, "no Windows machines"),
        ({"image": "ubuntu-24.4"}, "did you mean ubuntu-24.04"),
    ],
)
def test_what_azure_does_not_have_is_refused_with_what_it_has(asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused) as refused:
        PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region="eastus")
    assert told in f"{refused.value} {refused.value.hint}"
