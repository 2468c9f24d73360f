"""A cluster tells no prices: what a size and a storage class cost there, somebody says, and until then nothing is guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from im.domain.config.account import Account
from im.domain.scope import Scope
from im.providers.kubernetes.billing import made_of
from im.services.money.rules import priced_in
from tests.integration.typed import answer, run
from tests.worlds.kubernetes import KubernetesWorld


def stated(world: KubernetesWorld, *prices: tuple[str, str], where: str = "default") -> None:
    for item, usd in prices:
        said = run(world, "prices", "set", item, usd, "--provider", "kubernetes", "--region", where)
        assert said.exit_code == 0, said.stderr


UNITS = (("cpu", "0.03"), ("gib", "0.004"), ("gpu:t4", "0.35"), ("disk:default", "0.073"))


def test_what_somebody_says_a_size_costs_is_what_it_costs(world: KubernetesWorld, key: str) -> None:
    create = ("create", "--provider", "k8s", "-d", "2h", "--public-key", key)
    assert "$" not in run(world, *create, "--dry-run").stdout, "nothing is guessed"
    for item, usd in (("2x4", "0.10"), ("disk:default", "0.08")):
        said = run(world, "prices", "set", item, usd, "--provider", "kubernetes")
        assert said.exit_code == 0, said.stderr
    assert "computing $0.10" in run(world, *create, "--dry-run").stdout
    assert run(world, *create, "--name", "web", "--no-wait").exit_code == 0
    world.advance(3600)
    total = answer(world, "cost")["total"]["exact"]
    assert float(total["usd_compute"]) > 0.09
    assert float(total["usd_disk_running"]) > 0


def test_a_size_costs_what_its_cpus_gibs_and_gpus_cost_to_the_cent(world: KubernetesWorld, key: str) -> None:
    """4 CPUs, 16 GiB and 2 GPUs for an hour: 0.12 + 0.064 + 0.70; with a disk of 100 GiB, at 0.073 a month of 730 hours: 0.01."""
    create = ("create", "--provider", "k8s", "--instance-type", "4x16", "--gpu", "t4:2", "--disk", "100", "-d", "10h")
    typed = (*create, "--public-key", key, "--name", "web")
    stated(world, *UNITS[:2], UNITS[3])
    assert "computing $" not in run(world, *typed, "--dry-run").stdout, "a GPU of no known price makes the sum unknown"
    stated(world, UNITS[2])
    told = run(world, *typed, "--dry-run").stdout
    assert "computing $0.88," in told
    assert run(world, *typed, "--no-wait").exit_code == 0
    world.advance(20)
    began = world.now
    before = answer(world, "cost")["total"]["exact"]
    world.advance(3600)
    after = answer(world, "cost")["total"]["exact"]
    hours = (world.now - began).total_seconds() / 3600
    assert float(after["usd_compute"]) - float(before["usd_compute"]) == pytest.approx(0.884 * hours, abs=1e-9)
    assert float(after["usd_disk_running"]) - float(before["usd_disk_running"]) == pytest.approx(0.01 * hours, abs=1e-9)
    (listed,) = [one for one in answer(world, "prices", "list") if one["item"] == "4x16+t4:2"]
    assert float(listed["usd"]) == 0.884
    assert "4 cpu + 16 gib + 2 gpu:t4" in listed["source"]


def test_the_own_price_of_a_size_goes_before_its_parts(world: KubernetesWorld, key: str) -> None:
    stated(world, *UNITS, ("2x4", "0.05"))
    create = ("create", "--provider", "k8s", "-d", "2h", "--public-key", key, "--dry-run")
    assert "computing $0.05," in run(world, *create).stdout
    assert "computing $0.18," in run(world, *create, "--instance-type", "4x16").stdout


@pytest.mark.long
def test_a_price_that_changes_changes_what_is_charged_from_then_on(world: KubernetesWorld) -> None:
    stated(world, *UNITS)
    world.create(seconds=36_000)
    world.advance(20)
    began, before = world.now, float(answer(world, "cost")["total"]["exact"]["usd_compute"])
    world.advance(3600)
    stated(world, ("cpu", "0.06"))
    between = world.now
    world.advance(3600)
    spent = float(answer(world, "cost")["total"]["exact"]["usd_compute"]) - before
    hours = [(between - began).total_seconds() / 3600, (world.now - between).total_seconds() / 3600]
    assert spent == pytest.approx(0.076 * hours[0] + 0.136 * hours[1], abs=1e-9)


def test_each_cluster_has_prices_of_its_own_in_all_its_namespaces(world: KubernetesWorld, key: str) -> None:
    accounts = tuple(Account(name, "kubernetes", region="team-a") for name in ("lab", "farm"))
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, accounts=accounts))
    stated(world, *UNITS, where="lab")
    create = ("create", "-d", "2h", "--public-key", key, "--dry-run", "--account")
    assert "computing $0.076" in run(world, *create, "lab").stdout
    assert {priced_in(Scope("kubernetes", "lab", f"team-{one}")) for one in "ab"} == {"lab"}
    assert priced_in(Scope("aws", "lab", "us-east-1")) == "us-east-1"
    assert "computing $" not in run(world, *create, "farm").stdout


def test_a_budget_is_kept_by_it_and_knows_no_price_that_nobody_said(world: KubernetesWorld, key: str) -> None:
    create = ("create", "--provider", "k8s", "-d", "10h", "--public-key", key, "--no-wait", "--instance-type", "4x16")
    assert run(world, "budget", "set", "1.00", "--owner", "ada").exit_code == 0
    refused = run(world, *create)
    assert "nobody knows the price of 4x16" in refused.stderr
    stated(world, *UNITS)
    assert "budget" in run(world, *create).stderr, "10 hours of $0.184 are more than a dollar"
    assert run(world, *create[:4], "2h", *create[5:]).exit_code == 0


@pytest.mark.parametrize("name", ["cpu", "gib", "gpu:t4", "disk:default", "ipv4", "pod", "month:2x4", ""])
def test_what_is_no_size_is_made_of_nothing(name: str) -> None:
    assert made_of(name) == {}
