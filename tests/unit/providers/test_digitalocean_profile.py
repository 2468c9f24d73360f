"""What is said of DigitalOcean without asking it: defaults, short names, what it has not, and how often it may be asked."""

from __future__ import annotations

import pytest

from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import parse_open
from im.providers.digitalocean.profile import PROFILE
from im.providers.request import Ask
from tests.providers.clouds import public_key


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"instance_type": "S-1VCPU-1GB"}, "did you mean s-1vcpu-1gb"),
        ({"instance_type": "t3.nano"}, "types look like s-1vcpu-1gb"),
        ({"zone": "nyc"}, "did you mean nyc"),
        ({"zone": "us-east-1a"}, "choose ams3"),
        ({"hibernate": True}, "leave --hibernate out"),
        ({"root_disk": Disk(size_gb=100)}, "choose a larger type"),
        ({"volumes": (Disk(size_gb=10),)}, "choose a larger type"),
        ({"user_data": b"x" * 70000}, "at most 64 KiB"),
        ({"subnet": "subnet-1"}, "leave --vpc and --subnet out"),
        ({"open_ports": parse_open(",".join(f"{n}/tcp@10.0.0.0/8" for n in range(1, 52)))}, "name ranges of ports"),
        ({"options": {"iam-role": "x"}}, "iam-role"),
    ],
)
def test_what_digitalocean_does_not_have_is_refused_with_what_it_has(asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused) as refused:
        PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region=None)
    assert told in f"{refused.value} {refused.value.hint}"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (None, "ubuntu-24-04-x64"),
        ("ubuntu", "ubuntu-24-04-x64"),
        ("ubuntu-22.04", "ubuntu-22-04-x64"),
        ("debian", "debian-13-x64"),
        ("debian-12", "debian-12-x64"),
        ("rockylinux-9-x64", "rockylinux-9-x64"),
        ("198065355", "198065355"),
    ],
)
def test_images_have_short_names(typed: str | None, meant: str) -> None:
    _, spec = PROFILE.plan(Ask(public_key=public_key(), image=typed), account="default", default_region=None)
    assert spec.image == meant


@pytest.mark.parametrize(
    ("kind", "meant"),
    [
        ("gpu-4000adax1-20gb", "gpu-h100x1-base"),
        ("gpu-h200x8-1128gb", "gpu-h100x8-base"),
        ("gpu-mi300x1-192gb", "gpu-amd-base"),
    ],
)
def test_a_gpu_comes_with_the_image_that_has_its_drivers(kind: str, meant: str) -> None:
    _, spec = PROFILE.plan(Ask(public_key=public_key(), instance_type=kind), account="default", default_region=None)
    assert spec.image == meant


def test_bursts_and_refills_of_all_verbs_stay_within_a_minute_and_an_hour() -> None:
    """With looking every ten seconds at 200 droplets, and the mark every half minute."""
    calls = {"launch": 3, "describe": 6}
    for seconds, most in ((60, 250), (3600, 5000)):
        ours = sum(
            (one.burst + one.per_second * seconds) * calls.get(v, 1) for v, one in PROFILE.capabilities.rates.items()
        )
        assert ours + 3 * seconds / 10 + 4 * seconds / 30 <= most


def test_a_stop_is_said_to_save_nothing() -> None:
    assert PROFILE.capabilities.billing.stop_saves_nothing
