"""Spot before any cloud is asked: prices as people write them, what a spec keeps, what excludes what, which types are lent."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import moto
import pytest

from im.db.instances.spec import from_spec, to_spec
from im.domain.errors import Refused
from im.domain.money.forecast import UNKNOWN_PARTS, rates
from im.domain.spec.spec import Spec
from im.domain.spec.spot import Spot, parse_max_price
from im.providers.aws.launch.families import cannot_spot
from im.providers.aws.profile import PROFILE
from im.providers.request import Ask
from tests.providers.clouds import public_key
from tests.unit.rows import NOW, SCOPE


@pytest.mark.parametrize(
    ("written", "usd"), [("0.05", "0.05"), ("1", "1"), (" 0.000001 ", "0.000001"), ("1000", "1000")]
)
def test_prices_as_they_are_read(written: str, usd: str) -> None:
    assert parse_max_price(written) == Decimal(usd)


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("0,05", "did you mean --max-price 0.05?"),
        ("$0.05", "did you mean --max-price 0.05?"),
        ("0.05 USD/h", "did you mean --max-price 0.05?"),
        (".05", "did you mean --max-price 0.05?"),
        ("0.12345678", "did you mean --max-price 0.123457?"),
        ("5000", "never dearer than on demand"),
        ("0", "leave --max-price out"),
        ("0.00", "leave --max-price out"),
        ("-1", "like --max-price 0.05"),
        ("1e3", "like --max-price 0.05"),
        ("NaN", "like --max-price 0.05"),
        ("cheap", "like --max-price 0.05"),
        ("", "like --max-price 0.05"),
        ("٣", "like --max-price 0.05"),
        ("9" * 5000, "never dearer than on demand"),
    ],
)
def test_prices_that_cannot_be(written: str, hint: str) -> None:
    with pytest.raises(Refused) as caught:
        parse_max_price(written)
    assert hint in caught.value.hint
    assert len(caught.value.message) < 100


@pytest.mark.parametrize(
    "spot", [None, Spot(), Spot(once=True), Spot(max_price=Decimal("0.050")), Spot(True, Decimal(1))]
)
def test_a_spec_keeps_it(spot: Spot | None) -> None:
    spec = Spec("t3.nano", "a", "i", "k", "u", "o", spot=spot)
    assert to_spec(json.loads(json.dumps(from_spec(spec)))) == spec


def planned(**asked: object) -> Spec:
    ask = Ask(**{"public_key": public_key(), "spot": Spot(), **asked})  # type: ignore[arg-type]
    return PROFILE.plan(ask, account="default", default_region="us-east-1")[1]


def test_the_default_type_is_one_that_is_lent() -> None:
    assert planned().instance_type == "t3.nano"
    assert planned(spot=None).instance_type == "t2.nano"


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ({"instance_type": "t2.nano"}, "--instance-type t3.nano"),
        ({"instance_type": "mac2.metal"}, "--instance-type m7i.large"),
        ({"instance_type": "hpc7g.4xlarge"}, "--instance-type m7g.large"),
        ({"instance_type": "t3.micro", "hibernate": True}, "leave --hibernate out, or --spot"),
    ],
)
def test_what_no_spot_machine_can_be(asked: dict[str, object], hint: str) -> None:
    with pytest.raises(Refused) as caught:
        planned(**asked)
    assert hint in caught.value.hint
    planned(**{**asked, "spot": None})


def test_the_types_that_are_never_lent_are_those_of_awss_own_table() -> None:
    table = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    types = json.loads(gzip.decompress(table.read_bytes()))
    never = {name for name, one in types.items() if "spot" not in one["SupportedUsageClasses"]}
    assert len(never) > 20
    assert {name for name in types if cannot_spot(name)} == never
    assert not {near for name in types if (near := cannot_spot(name))} & never


def test_what_it_may_cost_is_at_most_its_limit_and_otherwise_unknown() -> None:
    limited = rates(SCOPE, planned(spot=Spot(max_price=Decimal("0.05"))), UNKNOWN_PARTS, {}, NOW)
    assert (limited.compute, limited.source) == (Decimal("0.05"), "at most: its --max-price")
    assert rates(SCOPE, planned(), UNKNOWN_PARTS, {}, NOW).compute is None
