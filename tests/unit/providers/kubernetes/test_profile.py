"""What is caught before anything is written: sizes, images, namespaces, and what a pod does not have."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.spec.disk import parse_disk
from im.domain.spec.spec import Spec
from im.domain.spec.spot import Spot
from im.providers import registry
from im.providers.kubernetes.profile import PROFILE
from im.providers.kubernetes.shapes import PRESETS, shape_of
from im.providers.request import Ask
from im.services.requests import places
from im.settings import Settings
from tests.providers.clouds import public_key


def spec(**asked: Any) -> Spec:
    return PROFILE.plan(Ask(public_key=public_key(), **asked), account="default", default_region="team-a")[1]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("medium", "2x4"),
        ("4x16", "4x16"),
        ("0.5x1", "0.5x1"),
        ("cpu=4,memory=16Gi", "4x16"),
        ("memory=512Mi, cpu=500m", "0.5x0.5"),
        ("cpu=1,memory=2", "1x2"),
    ],
)
def test_one_size_has_one_spelling(typed: str, meant: str) -> None:
    assert spec(instance_type=typed).instance_type == meant


@pytest.mark.parametrize(
    "typed", ["", "t3.micro", "mediun", "4x", "cpu=4", "cpu=4,memory=x", "cpu=4,cpu=4", "0x0", "9999x1", "4x16Gi"]
)
def test_what_is_no_size_is_refused_with_a_form_that_is_one(typed: str) -> None:
    with pytest.raises(Refused) as told:
        shape_of(typed)
    assert told.value.hint


@given(st.text(max_size=30))
def test_no_text_at_all_crashes_it(typed: str) -> None:
    try:
        made = shape_of(typed)
    except Refused:
        return
    assert str(shape_of(str(made))) == str(made)


@pytest.mark.parametrize(
    ("typed", "gpu", "meant"),
    [
        (None, "a100", "8x32+a100:1"),
        ("4x16", "h100:8", "4x16+h100:8"),
        ("a100-80gb:2", None, "16x64+a100-80gb:2"),
        ("large+t4:1", None, "4x16+t4:1"),
        ("8x32+any:1", None, "8x32+any:1"),
    ],
)
def test_gpus_stand_beside_a_size_or_bring_one(typed: str | None, gpu: str | None, meant: str) -> None:
    assert spec(instance_type=typed, options={"gpu": gpu}).instance_type == meant


@pytest.mark.parametrize(
    ("typed", "gpu"), [("4x16+t4:1", "t4"), ("4x16", "t4:0"), ("4x16", "T4 x2"), ("4x16+", None), ("t4:99", None)]
)
def test_what_names_no_gpu_or_names_two_is_refused(typed: str, gpu: str | None) -> None:
    with pytest.raises(Refused) as told:
        spec(instance_type=typed, options={"gpu": gpu})
    assert told.value.hint


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_asks_for_whole_units(name: str) -> None:
    cpu, _, gib = PRESETS[name].partition("x")
    assert shape_of(name).resources == {"cpu": cpu, "memory": f"{gib}Gi"}


def test_parts_of_units_are_written_as_kubernetes_writes_them() -> None:
    assert shape_of("0.25x0.5").resources == {"cpu": "250m", "memory": "512Mi"}


def test_two_sizes_in_words_are_two_places() -> None:
    ask = Ask(public_key=public_key(), instance_type="cpu=4,memory=16Gi,cpu=2,memory=8Gi,small")
    _, first = places.plan(PROFILE, ask, account="default", region="team-a", retry=False)
    assert [one.instance_type for one in first.candidates] == ["4x16", "2x8", "1x2"]


@pytest.mark.parametrize(
    "image", ["ubuntu:24.04", "ghcr.io/me/box@sha256:" + "a" * 64, "registry:5000/a/b_c:v1.2", "debian"]
)
def test_an_image_is_taken_as_registries_name_it(image: str) -> None:
    assert spec(image=image).image == image


@pytest.mark.parametrize("image", ["Ubuntu 24", "ami-1234 5", "a" * 600, "../x", "-x"])
def test_what_is_no_image_is_refused(image: str) -> None:
    with pytest.raises(Refused):
        spec(image=image)


@pytest.mark.parametrize(
    "asked",
    [
        {"ssh_from": ("10.0.0.0/8",)},
        {"spot": Spot(max_price=Decimal(1))},
        {"hibernate": True},
        {"volumes": (parse_disk("10"),)},
        {"subnet": "x"},
        {"user_data": b"x" * 600_000},
        {"root_disk": parse_disk("size=10,iops=100")},
        {"root_disk": parse_disk("size=10,encrypted=no")},
        {"root_disk": parse_disk("size=10,keep")},
        {"zone": "not a zone"},
    ],
)
def test_what_a_pod_does_not_have_is_refused_with_what_there_is_instead(asked: dict[str, Any]) -> None:
    with pytest.raises(Refused) as told:
        spec(**asked)
    assert told.value.hint


def test_nobody_is_let_in_and_no_zone_is_named_unless_somebody_says_so() -> None:
    made = spec(ssh_from=())
    assert (made.firewall, made.zone, made.disks[0].size_gb) == (None, "cluster", None)
    assert spec(zone="eu-1").zone == "eu-1"


def test_its_short_name_means_the_same() -> None:
    assert Settings().place_of("k8s", None) == ("kubernetes", "default")
    (read,) = registry.read_accounts([Account("lab", "k8s", {"context": "lab"})], {"KUBECONFIG": "/nonexistent"})
    assert (read.provider, read.region) == ("kubernetes", "default")
    assert Settings.from_env({"IM_PROVIDER": "k8s", "HOME": "/nonexistent"}).provider == "kubernetes"
