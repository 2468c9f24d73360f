"""A cloud's way of billing, and what it can do, is known without its profile, and is what its profile has."""

from __future__ import annotations

import pytest

from im.providers import registry


@pytest.mark.parametrize("cloud", [*registry.names(), "fake"])
def test_the_rules_are_those_of_the_profile(cloud: str) -> None:
    assert registry.billing(cloud) == registry.profile(cloud).capabilities.billing


@pytest.mark.parametrize("cloud", [*registry.names(), "fake"])
def test_what_it_can_do_is_what_the_profile_says(cloud: str) -> None:
    assert registry.capabilities(cloud) is registry.profile(cloud).capabilities
