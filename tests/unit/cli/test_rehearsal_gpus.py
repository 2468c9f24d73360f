"""`--gpu h100:8` at each cloud that sells some: which types are tried, and what is said where there are none."""

from __future__ import annotations

import pytest

from tests.unit.cli.rehearsal import Rehearsal, rehearsal

__all__ = ["rehearsal"]


@pytest.mark.parametrize(
    ("cloud", "gpu", "types", "zones"),
    [
        ("aws", "h100:8", ["p5.48xlarge"], ["us-east-1a"]),
        ("aws", "a100:8", ["p4d.24xlarge", "p4de.24xlarge"], ["us-east-1a"]),
        ("azure", "a100-80gb", ["Standard_NC24ads_A100_v4"], ["eastus"]),
        ("crusoe", "a100-80gb:8", ["a100-80gb.8x", "a100-80gb-sxm-ib.8x"], ["any"]),
        ("digitalocean", "h100", ["gpu-h100x1-80gb"], ["any"]),
        ("gcp", "l4", [f"g2-standard-{n}" for n in (4, 8, 12, 16, 32)], ["us-central1-a"]),
        ("lambda", "h100", ["gpu_1x_h100_pcie", "gpu_1x_h100_sxm5"], ["any"]),
        ("lambda", "b200:8", ["gpu_8x_b200_sxm6"], ["any"]),
        ("nebius", "h100", ["gpu-h100-sxm_1gpu-16vcpu-200gb"], ["any"]),
        ("runpod", "h100:8", ["h100-pcie-x8", "h100-nvl-x8", "h100-sxm-x8"], ["any"]),
        ("runpod", "rtx4090", ["rtx4090-x1"], ["any"]),
    ],
)
def test_the_types_that_have_them_are_tried_in_order(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, cloud: str, gpu: str, types: list[str], zones: list[str]
) -> None:
    monkeypatch.setattr("im.services.money.prices.ask", lambda *_: {})
    plan = rehearsal.plan("--provider", cloud, "--gpu", gpu)
    tried = plan["candidates"] or [[plan["instance_type"], plan["zone"]]]
    assert [kind for kind, _ in tried] == types
    assert sorted({zone for _, zone in tried}) == zones


def test_a_type_and_a_region_that_are_named_count(rehearsal: Rehearsal) -> None:
    words = ("--provider", "lambda", "--gpu", "h100", "--availability-zone", "us-west-3")
    plan = rehearsal.plan(*words, "--instance-type", "gpu_1x_h100_sxm5")
    assert (plan["instance_type"], plan["zone"]) == ("gpu_1x_h100_sxm5", "us-west-3")
    said = rehearsal.refused(*words, "--instance-type", "gpu_1x_a10")
    assert "gpu_1x_a10 has no h100:1 at lambda. Next: leave --instance-type out, or name gpu_1x_h100_pcie" in said


def test_a_default_type_is_no_answer_to_a_gpu(rehearsal: Rehearsal) -> None:
    words = ("--provider", "lambda", "--gpu", "a10")
    assert rehearsal.plan(*words, IM_DEFAULT_LAMBDA_TYPE="gpu_8x_a100")["instance_type"] == "gpu_1x_a10"
    assert rehearsal.plan(*words, IM_DEFAULT_LAMBDA_REGION="us-west-1")["zone"] == "us-west-1"


def test_what_is_not_sold_is_refused_with_what_is(rehearsal: Rehearsal) -> None:
    assert "it has h100-80gb:1, h100-80gb:8" in rehearsal.refused("--provider", "digitalocean", "--gpu", "h100:2")
    assert "lambda sells no t4. Next: it has a10-24gb:1" in rehearsal.refused("--provider", "lambda", "--gpu", "t4")
    assert "did you mean h100?" in rehearsal.refused("--provider", "lambda", "--gpu", "h10")
    assert "gpu is nothing that hetzner has" in rehearsal.refused("--provider", "hetzner", "--gpu", "t4")


@pytest.mark.parametrize("typed", ["t4:2", "nvidia-tesla-t4:2"])
def test_googles_n1_types_take_some_beside_them(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch, typed: str
) -> None:
    monkeypatch.setattr("im.services.money.prices.ask", lambda *_: {})
    assert rehearsal.plan("--provider", "gcp", "--gpu", typed)["instance_type"] == "n1-standard-4"
