"""RunPod offline: what a deadline does follows from what was asked for, and what cannot be is refused with what can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.spec.disk import Disk
from im.domain.spec.spec import Spec
from im.providers.request import Ask
from im.providers.runpod import gpus
from im.providers.runpod.account import found, read, token_of, url
from im.providers.runpod.billing import expects
from im.providers.runpod.profile import PROFILE
from tests.providers.clouds import public_key

CAN = PROFILE.capabilities


def plan(**asked: Any) -> Spec:
    return PROFILE.plan(Ask(public_key=public_key(), owner="ada", **asked), account="default", default_region=None)[1]


def test_a_stop_keeps_the_workspace_of_a_pod_that_has_one_and_nothing_of_any_other() -> None:
    plain = plan()
    assert plain.disks == (Disk(20), Disk(20, kind="workspace"))
    assert (CAN.no_stop(plain), expects(plain).disk_gb) == ("", 20)
    assert expects(plan(volumes=(Disk(100),))).disk_gb == 100
    for bare in (plan(options={"workspace": "no"}), plan(instance_type="cpu3c-4")):
        assert "its deadline terminates it, and what is on it is lost" in CAN.no_stop(bare)
        assert expects(bare).disk_gb == 0
    assert "the network volume at /workspace stays" in CAN.no_stop(plan(options={"network-volume": "agv6w2qcg7"}))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"instance_type": "rtx4090"}, "did you mean rtx4090-x1"),
        ({"instance_type": "H100_SXM-x8"}, "did you mean h100-sxm-x8"),
        ({"instance_type": "huge"}, "types look like rtx4090-x1"),
        ({"zone": "us-ks-2"}, "did you mean US-KS-2"),
        ({"zone": "On Mars"}, "they look like US-KS-2"),
        ({"image": "No Image"}, "for example runpod/pytorch"),
        ({"ssh_from": ("10.0.0.0/8",)}, "leave --ssh-from and --open out"),
        ({"user_data": b"#!/bin/sh"}, "--image"),
        ({"hibernate": True}, "leave --hibernate out"),
        ({"network": "mine"}, "leave --vpc and --subnet out"),
        ({"volumes": (Disk(5),)}, "--volume 10"),
        ({"volumes": (Disk(20), Disk(20))}, "give --volume once"),
        ({"volumes": (Disk(20, keep=True),)}, "--network-volume ID"),
        ({"root_disk": Disk(60, kind="ssd")}, "write --disk 50"),
        ({"volumes": (Disk(20),), "options": {"workspace": "no"}}, "leave --volume and --workspace out"),
        ({"options": {"workspace": "maybe"}}, "--workspace no"),
        ({"options": {"network-volume": "../x"}}, "RunPod's console shows it"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(asked: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused) as refused:
        plan(**asked)
    assert why in str(refused.value.hint)


def test_what_runs_on_one_makers_gpus_is_not_tried_on_anothers() -> None:
    PROFILE.check_together([plan(instance_type="h100-sxm-x1"), plan(instance_type="nvidia-b300-sxm6-x1")])
    for other in ("mi300x-x1", "cpu3c-4"):
        with pytest.raises(Refused, match="does not run on"):
            PROFILE.check_together([plan(instance_type="h100-sxm-x1"), plan(instance_type=other)])


def test_every_type_is_read_as_what_it_was_written_for() -> None:
    for kind in gpus.TYPES:
        read_as = gpus.parse(kind)
        assert isinstance(read_as, gpus.Gpu)
        assert gpus.kind_of(gpus.id_of(read_as.word, ()), read_as.count) == kind


def test_the_key_is_found_where_people_keep_it(tmp_path: Path) -> None:
    own, env = Account("default", "runpod"), {"HOME": str(tmp_path)}
    assert (token_of(own, env), found(env)) == ("", "")
    (tmp_path / ".runpod").mkdir()
    for written in ('[default]\napi_key = "rpa_1"\n', "apikey = 'rpa_1'\n"):
        (tmp_path / ".runpod" / "config.toml").write_text(written)
        assert token_of(own, env) == "rpa_1"
    assert found(env) == "the API key in ~/.runpod/config.toml"
    assert token_of(own, {**env, "RUNPOD_API_KEY": "rpa_2"}) == "rpa_2"
    assert token_of(read(Account("lab", "runpod", {"token_env": "LAB"})), {"LAB": " rpa_3\n"}) == "rpa_3"
    (tmp_path / ".runpod" / "config.toml").write_text("not toml")
    assert token_of(own, env) == ""
    assert url({"RUNPOD_API_BASE_URL": "https://api.example/v2/"}) == "https://api.example"
    with pytest.raises(Refused):
        read(Account("lab", "runpod", {"token": "a", "token_env": "B"}))
