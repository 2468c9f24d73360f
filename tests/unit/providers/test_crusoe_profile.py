"""What is said of Crusoe without asking it: defaults, images with the right drivers, what it has not, and how a script is kept."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.spec import Spec
from im.domain.spec.spot import Spot
from im.providers.crusoe import gpus, user_data
from im.providers.crusoe.profile import PROFILE
from im.providers.request import Ask
from tests.providers.clouds import public_key

OWN_IMAGE = "0f0e0d0c-1111-4222-8333-444444444444"


def planned(**asked: Any) -> Spec:
    return PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region=None)[1]


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"instance_type": "C1A.2X"}, "did you mean c1a.2x"),
        ({"instance_type": "l40s.1x."}, "did you mean l40s-48gb.1x"),
        ({"instance_type": "t3.nano"}, "types look like c1a.2x"),
        ({"zone": "us-east-1a"}, "did you mean us-east1-a"),
        ({"image": "debian-12"}, "for example ubuntu-22.04"),
        ({"image": "ubuntu-24.04", "instance_type": "l40s-48gb.1x"}, "say --image ubuntu-22.04"),
        ({"hibernate": True}, "leave --hibernate out"),
        ({"spot": Spot()}, "leave --spot out"),
        ({"root_disk": Disk(size_gb=100)}, "128 GiB"),
        ({"volumes": (Disk(size_gb=100),)}, "leave --volume out"),
        ({"user_data": b"x" * 50_000}, "at most 48 KiB"),
        ({"user_data": b"#cloud-config\n"}, "write a script"),
        ({"subnet": "subnet-1"}, "leave --vpc and --subnet out"),
        ({"ssh_from": ("203.0.113.7/32",)}, "shows who gets in"),
        ({"options": {"iam-role": "x"}}, "iam-role"),
    ],
)
def test_what_crusoe_does_not_have_is_refused_with_what_it_has(asked: dict[str, object], told: str) -> None:
    with pytest.raises(Refused) as refused:
        planned(**asked)
    assert told in f"{refused.value} {refused.value.hint}"


def test_defaults_and_the_drivers_of_each_gpu() -> None:
    plain = planned()
    assert (plain.instance_type, plain.zone, plain.image) == ("c1a.2x", "us-east1-a", "ubuntu22.04:latest")
    assert plain.ssh_user == "ubuntu"
    assert planned(image="ubuntu-24.04").image == "ubuntu24.04:latest"
    drivers = {kind: planned(instance_type=kind).image.removeprefix("ubuntu") for kind in gpus.TYPES}
    assert {"sxm" in image for kind, image in drivers.items() if "-sxm" in kind} == {True}
    assert drivers["l40s-48gb.10x"] == "22.04-nvidia-pcie-docker:latest"
    assert drivers["mi300x-192gb-ib.8x"] == "-rocm:latest"
    for own in ("mine:v2", OWN_IMAGE):
        assert planned(image=own).image == own
    with pytest.raises(Refused, match="GPUs of AMD"):
        PROFILE.check_together([planned(), planned(instance_type="mi300x-192gb-ib.8x")])


def test_a_script_runs_at_the_first_boot_and_at_no_other(tmp_path: Path) -> None:
    """By the shell that would run it there, with its folder in another place."""
    log = tmp_path / "log"
    content = f"#!/bin/sh\necho \xe9 ran >> {log}\n".encode("latin-1")
    script = user_data.once(content).replace("/var/lib/im", str(tmp_path / "kept"))
    for _ in range(2):
        subprocess.run(["/bin/bash", "-c", script], check=True)
    assert log.read_bytes() == b"\xe9 ran\n"
