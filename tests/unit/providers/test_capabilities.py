"""A cloud's way of billing, what it can do and what its machines will have are known without its profile."""

from __future__ import annotations

import subprocess
import sys

import pytest

from im.providers import registry


@pytest.mark.parametrize("cloud", [*registry.names(), "fake"])
def test_the_rules_are_those_of_the_profile(cloud: str) -> None:
    assert registry.billing(cloud) == registry.profile(cloud).capabilities.billing


@pytest.mark.parametrize("cloud", [*registry.names(), "fake"])
def test_what_it_can_do_is_what_the_profile_says(cloud: str) -> None:
    assert registry.capabilities(cloud) is registry.profile(cloud).capabilities


def test_none_of_it_loads_a_profile() -> None:
    """A list of machines that are not there yet asks all of it, of every cloud that has one."""
    told = (
        "import sys\n"
        "from im.domain.spec.spec import Spec\n"
        "from im.providers import registry\n"
        "for cloud in (*registry.names(), 'fake'):\n"
        "    registry.billing(cloud), registry.capabilities(cloud)\n"
        "    registry.expects(cloud)(Spec('', '', '', '', '', ''))\n"
        "print(*[one for one in sys.modules if one.startswith('im.providers.') and one.endswith('.profile')])\n"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []
