"""What a deployment has each cloud take where nobody says it: taken, said in the rehearsal, and no more than a default."""

from __future__ import annotations

from pathlib import Path

import pytest

from im.domain.scope import Scope
from im.providers import registry
from im.services.health import doctor_cloud
from im.settings import Settings
from tests.unit.cli.rehearsal import Rehearsal, rehearsal

__all__ = ["rehearsal"]

CLOUDS = {
    # cloud: (its defaults, (what is set, region, zone, image), what cannot be)
    "aws": (
        ("t2.nano", "us-east-1", "us-east-1a", "al2023"),
        {"TYPE": "t3.micro", "REGION": "eu-west-1", "IMAGE": "debian-12"},
        ("t3.micro", "eu-west-1", "eu-west-1a", "debian-12"),
        "t3",
    ),
    "azure": (
        ("Standard_B1s", "eastus", "eastus", "ubuntu-24.04"),
        {"TYPE": "Standard_B2s", "REGION": "westeurope-2", "IMAGE": "debian-12"},
        ("Standard_B2s", "westeurope", "westeurope-2", "debian-12"),
        "B",
    ),
    "crusoe": (
        ("c1a.2x", "all", "us-east1-a", "ubuntu22.04:latest"),
        {"TYPE": "l40s-48gb.1x", "LOCATION": "eu-iceland1-a", "IMAGE": "mine:v2"},
        ("l40s-48gb.1x", "all", "eu-iceland1-a", "mine:v2"),
        "tiny",
    ),
    "digitalocean": (
        ("s-1vcpu-1gb", "all", "nyc3", "ubuntu-24-04-x64"),
        {"TYPE": "s-2vcpu-4gb", "REGION": "fra1", "IMAGE": "debian-12"},
        ("s-2vcpu-4gb", "all", "fra1", "debian-12-x64"),
        "tiny",
    ),
    "gcp": (
        ("e2-small", "us-central1", "us-central1-a", "ubuntu-24.04"),
        {"TYPE": "e2-medium", "REGION": "europe-west4-b", "IMAGE": "debian-12"},
        ("e2-medium", "europe-west4", "europe-west4-b", "debian-12"),
        "tiny",
    ),
    "hetzner": (
        ("cx23", "all", "fsn1", "ubuntu-24.04"),
        {"TYPE": "cx33", "LOCATION": "hel1", "IMAGE": "debian-12"},
        ("cx33", "all", "hel1", "debian-12"),
        "tiny",
    ),
    "kubernetes": (
        ("2x4", "default", "cluster", "jenkins/ssh-agent:debian-jdk21"),
        {"TYPE": "4x16", "REGION": "team-a", "IMAGE": "debian:13"},
        ("4x16", "team-a", "cluster", "debian:13"),
        "tiny",
    ),
    "lambda": (
        ("gpu_1x_a10", "all", "us-east-1", "lambda-stack"),
        {"TYPE": "gpu_8x_a100", "REGION": "us-west-1", "IMAGE": "ubuntu-22.04"},
        ("gpu_8x_a100", "all", "us-west-1", "lambda-stack-22-04"),
        "tiny",
    ),
    "nebius": (
        ("cpu-d3_4vcpu-16gb", "all", "eu-north1", "ubuntu"),
        {"TYPE": "cpu-d3_8vcpu-32gb", "REGION": "us-central1", "IMAGE": "ubuntu24.04-cuda12"},
        ("cpu-d3_8vcpu-32gb", "all", "us-central1", "ubuntu24.04-cuda12"),
        "tiny",
    ),
    "runpod": (
        ("rtx4090-x1", "all", "any", "runpod/pytorch:1.0.2-cu1281-torch280-ubuntu2404"),
        {"TYPE": "h100-sxm-x8", "REGION": "EU-SE-1", "IMAGE": "ghcr.io/lab/train:3"},
        ("h100-sxm-x8", "all", "EU-SE-1", "ghcr.io/lab/train:3"),
        "tiny",
    ),
    "vast": (
        ("RTX_4090x1", "market", "world", "vastai/base-image:@vastai-automatic-tag"),
        {"TYPE": "H100_SXMx1", "LOCATION": "NO", "IMAGE": "pytorch"},
        ("H100_SXMx1", "market", "NO", "vastai/pytorch:@vastai-automatic-tag"),
        "tiny",
    ),
}
SHOWN = ("instance_type", "region", "zone", "image")


def variables(cloud: str, given: dict[str, str]) -> dict[str, str]:
    return {f"IM_DEFAULT_{cloud.upper()}_{word}": value for word, value in given.items()}


def test_every_cloud_is_in_the_table() -> None:
    assert set(CLOUDS) == set(registry.names())


@pytest.mark.parametrize("usual", ["aws", "gcp"])
@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_deployments_defaults_are_taken_and_said(rehearsal: Rehearsal, cloud: str, usual: str) -> None:
    """The same whichever cloud is the usual one."""
    before, given, after, _ = CLOUDS[cloud]
    plan = rehearsal.plan("--provider", cloud, IM_PROVIDER=usual)
    assert (tuple(plan[one] for one in SHOWN), plan["defaults"]) == (before, {})

    env = {"IM_PROVIDER": usual, **variables(cloud, given)}
    plan = rehearsal.plan("--provider", cloud, **env)
    assert tuple(plan[one] for one in SHOWN) == after
    where = next(word for word in given if word in ("REGION", "LOCATION"))
    assert {*plan["defaults"].values(), plan["region_source"]} >= set(variables(cloud, given))
    told = rehearsal.told("--provider", cloud, **env)
    assert f"1 × {after[0]} (IM_DEFAULT_{cloud.upper()}_TYPE)" in told
    assert f"{after[3]} (IM_DEFAULT_{cloud.upper()}_IMAGE), log in as" in told
    assert f"(IM_DEFAULT_{cloud.upper()}_{where})" in told


@pytest.mark.parametrize("cloud", CLOUDS)
def test_what_is_typed_goes_before_them(rehearsal: Rehearsal, cloud: str) -> None:
    before, given, *_ = CLOUDS[cloud]
    typed = ("--instance-type", before[0], "--availability-zone", before[2], "--image", before[3])
    if cloud == "digitalocean":
        typed = (*typed[:-1], "ubuntu-24.04")
    if cloud == "kubernetes":  # a zone is of a cluster, and says no namespace
        given = {word: value for word, value in given.items() if word != "REGION"}
    plan = rehearsal.plan("--provider", cloud, *typed, **variables(cloud, given))
    assert (tuple(plan[one] for one in SHOWN), plan["defaults"]) == (before, {})


@pytest.mark.parametrize("cloud", CLOUDS)
def test_one_that_cannot_be_is_named(rehearsal: Rehearsal, cloud: str) -> None:
    given, wrong = CLOUDS[cloud][1], CLOUDS[cloud][3]
    for word in given:
        said = rehearsal.refused("--provider", cloud, **variables(cloud, {word: f"{wrong} {word}"}))
        assert f"IM_DEFAULT_{cloud.upper()}_{word}: " in said


def test_several_types_and_places_may_be_the_default(rehearsal: Rehearsal) -> None:
    env = {"IM_DEFAULT_HETZNER_TYPE": "cx23, cx33", "IM_DEFAULT_HETZNER_LOCATION": "hel1,fsn1"}
    tried = rehearsal.plan("--provider", "hetzner", **env)["candidates"]
    assert tried == [["cx23", "hel1"], ["cx23", "fsn1"], ["cx33", "hel1"], ["cx33", "fsn1"]]


def test_a_clouds_own_variables_go_before_the_default_and_its_files_behind_it(
    rehearsal: Rehearsal, tmp_path: Path
) -> None:
    """Of a cloud that is not the usual one, too."""
    (tmp_path / "gcloud" / "configurations").mkdir(parents=True)
    (tmp_path / "gcloud" / "configurations" / "config_default").write_text("[compute]\nzone = us-west1-c\n")
    env = {"CLOUDSDK_CONFIG": str(tmp_path / "gcloud")}

    def place(**more: str) -> tuple[str, str, str]:
        plan = rehearsal.plan("--provider", "gcp", **env, **more)
        return plan["region"], plan["zone"], plan["region_source"]

    by_default = {"IM_DEFAULT_GCP_REGION": "asia-east1"}
    assert place() == ("us-west1", "us-west1-c", "gcloud's configuration")
    assert place(**by_default) == ("asia-east1", "asia-east1-a", "IM_DEFAULT_GCP_REGION")
    variable = {"CLOUDSDK_COMPUTE_ZONE": "europe-west1-d"}
    assert place(**by_default, **variable) == ("europe-west1", "europe-west1-d", "CLOUDSDK_COMPUTE_ZONE")


def test_a_declared_account_has_its_own_region_before_the_default(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "IM_DEFAULT_AZURE_REGION": "uksouth", "IM_PROVIDER": "azure"}
    env["IM_ACCOUNTS"] = "lab=provider=azure;region=northeurope, prod=provider=azure;subscription=s"
    settings = Settings.from_env(env)
    found = {name: str(settings.region_of(name)) for name in ("lab", "prod")}
    assert found == {"lab": "northeurope", "prod": "uksouth"}


def test_doctor_says_which_credentials_and_which_places_are_taken_of_each_cloud(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "HCLOUD_TOKEN": "hush", "DIGITALOCEAN_ACCESS_TOKEN": "hush", "LAMBDA_API_KEY": "hush"}
    env |= {"RUNPOD_API_KEY": "hush"}
    env |= {"NEBIUS_IAM_TOKEN": "hush"}
    env |= {"VAST_API_KEY": "hush"}
    env |= {"ARM_TENANT_ID": "t", "ARM_CLIENT_ID": "c", "ARM_CLIENT_SECRET": "hush", "ARM_SUBSCRIPTION_ID": "5-u-b"}
    env |= {"GOOGLE_PROJECT": "lab-1234", "CLOUDSDK_AUTH_ACCESS_TOKEN": "hush", "GOOGLE_ZONE": "us-west1-b"}
    env |= {"CRUSOE_ACCESS_KEY_ID": "k", "CRUSOE_SECRET_KEY": "hush", "CRUSOE_DEFAULT_PROJECT": "lab"}
    env |= {"AWS_PROFILE": "work", "IM_DEFAULT_HETZNER_LOCATION": "hel1", "AZURE_LOCATION": "West Europe"}
    settings = Settings.from_env(env)
    scopes = [Scope(cloud, "default", "") for cloud in registry.names()]
    told = {one.name: one.detail for one in doctor_cloud.reached_by(settings, scopes)}
    assert {name.partition(",")[0]: said.removesuffix(", as seen on this machine") for name, said in told.items()} == {
        "cloud": "the profile work",
        "azure": "the service principal in ARM_CLIENT_ID, with ARM_CLIENT_SECRET, subscription 5-u-b",
        "crusoe": "the key in CRUSOE_ACCESS_KEY_ID, project lab",
        "digitalocean": "the token in DIGITALOCEAN_ACCESS_TOKEN",
        "gcp": "the access token in CLOUDSDK_AUTH_ACCESS_TOKEN, project lab-1234",
        "hetzner": "the token in HCLOUD_TOKEN",
        "kubernetes": "the current context of the workers' kubeconfig",
        "lambda": "the API key in LAMBDA_API_KEY",
        "vast": "the API key in VAST_API_KEY",
        "runpod": "the API key in RUNPOD_API_KEY",
        "nebius": "the token in NEBIUS_IAM_TOKEN, and no project: set IM_NEBIUS_PROJECTS",
    }
    places = {one.name: one.detail.partition(", where")[0] for one in doctor_cloud.regions(settings, scopes)}
    assert places == {
        "region": "us-east-1 (the default: no region is named for the profile work)",
        "azure, region": "westeurope (AZURE_LOCATION)",
        "crusoe, region": "all (a project sees every location)",
        "digitalocean, region": "all (a team sees every region)",
        "gcp, region": "us-west1 (GOOGLE_ZONE), zone us-west1-b",
        "hetzner, region": "all (a project sees every location), hel1 (IM_DEFAULT_HETZNER_LOCATION)",
        "kubernetes, region": "default (the default)",
        "lambda, region": "all (a team sees every region)",
        "vast, region": "market (there is one market)",
        "runpod, region": "all (a key sees every data center)",
        "nebius, region": "all (each project lies in a region of its own)",
    }
    assert "hush" not in f"{told}{places}"
