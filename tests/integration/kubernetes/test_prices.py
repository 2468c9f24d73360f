"""A cluster tells no prices: what a size and a storage class cost there, somebody says, and until then nothing is guessed."""

from __future__ import annotations

from tests.integration.typed import answer, run
from tests.kubernetes_world import KubernetesWorld


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
