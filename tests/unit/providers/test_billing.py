"""A cloud's way of billing is known without its profile, and is the one that its profile has."""

from __future__ import annotations

import pytest

from im.providers import registry


@pytest.mark.parametrize("cloud", [*registry.names(), "fake"])
def test_the_rules_are_those_of_the_profile(cloud: str) -> None:
    assert registry.billing(cloud) == registry.profile(cloud).capabilities.billing
