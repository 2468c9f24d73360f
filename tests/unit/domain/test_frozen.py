"""Values that are made fast are those that their class makes, and as frozen."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any

import pytest

from im.domain.instance import Instance
from im.domain.money.bill import Bill
from im.domain.money.cost import Cost
from im.domain.money.usage import UsageInterval
from im.frozen import maker


@pytest.mark.parametrize("cls", [Instance, UsageInterval, Bill, Cost])
def test_a_value_is_what_its_class_makes(cls: type[Any]) -> None:
    values = [f"value {n}" for n, _ in enumerate(fields(cls))]
    made, own = maker(cls)(*values), cls(*values)
    assert type(made) is cls
    assert (made, repr(made), hash(made)) == (own, repr(own), hash(own))
    name = fields(cls)[0].name
    assert getattr(replace(made, **{name: "another"}), name) == "another"
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, "another")


def test_every_field_is_given() -> None:
    @dataclass(frozen=True, slots=True)
    class Two:
        one: int
        other: int = 2

    assert maker(Two)(1, 3) == Two(1, 3)
    with pytest.raises(TypeError):
        maker(Two)(1)
