"""A worker, a laptop or `im up` without what a cloud's sign-in needs: what to install is said, and nothing else is spoilt."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from im.cli.main import im
from im.domain.scope import Scope
from im.providers import registry
from im.services.health import doctor_cloud
from im.settings import Settings
from tests.integration.typed import run
from tests.worlds.azure import azure_world
from tests.worlds.gcp import gcp_world
from tests.worlds.kubernetes import kubernetes_world
from tests.worlds.nebius import nebius_world

NEED = {
    "azure": ("azure.identity", azure_world),
    "gcp": ("google.auth", gcp_world),
    "kubernetes": ("yaml", kubernetes_world),
    "nebius": ("nebius.sdk", nebius_world),
}
WHO = {
    "azure": {"AZURE_SUBSCRIPTION_ID": "s", "AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "x"},
    "gcp": {"GOOGLE_CLOUD_PROJECT": "lab-1234", "GOOGLE_APPLICATION_CREDENTIALS": "/nonexistent/key.json"},
    "nebius": {"NEBIUS_IAM_TOKEN": "t", "IM_NEBIUS_PROJECTS": "project-e00a"},
    "kubernetes": {"KUBECONFIG": __file__},  # whatever is in it: without the package nobody reads it
}


def install(cloud: str) -> str:
    return f"pip install 'im-instances[{cloud}]'"


@pytest.fixture(params=NEED)
def cloud(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """One whose credentials are here, and whose package is not."""
    name: str = request.param
    module = NEED[name][0]
    parent, _, own = module.rpartition(".")
    if parent:
        monkeypatch.delattr(import_module(parent), own, raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    for variable, value in {**WHO[name], "HOME": str(tmp_path)}.items():
        monkeypatch.setenv(variable, value)
    return name


def test_a_worker_without_it_says_so_and_leaves_the_work_to_one_that_has_it(
    cloud: str, database_url: str, key: str
) -> None:
    made: Callable[[str], AbstractContextManager[Any]] = NEED[cloud][1]
    with made(database_url) as world:
        has = world.provider
        world.provider = registry.connect(cloud, replace(world.ctx.settings, sandbox_url=""), world.deployment)
        typed = ("create", "--name", "web", "-d", "1h", "--public-key", key, "--ssh-from", "none", "--no-wait")
        assert run(world, *typed).exit_code == 0, "who types needs no package"
        world.advance(15)
        told = run(world, "why", "web").stdout
        assert f"where workers run: {install(cloud)}" in told
        assert not world.row().failed
        world.provider = has
        world.advance(60)
        assert world.row().observed == "running"


def test_doctor_says_what_to_type(cloud: str, tmp_path: Path) -> None:
    settings = Settings.from_env({**WHO[cloud], "HOME": str(tmp_path), "IM_PROVIDER": cloud})
    scope = Scope(cloud, "default", "")
    found = list(doctor_cloud.checks(settings, {scope: registry.connect(cloud, settings, doctor_cloud.NOBODY)}))
    asked = [one for one in found if not one.ok]
    assert asked
    assert all(install(cloud) in f"{one.detail} {one.fix}" for one in asked), asked


def test_for_a_cloud_that_nobody_has_chosen_it_is_no_fault(cloud: str, tmp_path: Path) -> None:
    settings = Settings.from_env({**WHO[cloud], "HOME": str(tmp_path)})
    assert cloud not in {scope.provider for scope, _ in doctor_cloud.accounts(settings)}
    (told,) = [one for one in doctor_cloud.lacking(settings) if one.name == cloud]
    assert told.ok
    assert told.detail.endswith(f"and a package is not here: {install(cloud)}")


def test_im_up_for_that_cloud_is_refused(cloud: str, tmp_path: Path) -> None:
    env = {"IM_HOME": str(tmp_path / "im"), "IM_CONFIG": None, "IM_DATABASE_URL": None, "IM_BROKER_URL": None}
    result = CliRunner(env=env).invoke(im, ["up", "-d", "-y", "--cloud", cloud], prog_name="im")
    assert result.exit_code == 2, result.output
    assert install(cloud) in result.stderr


def test_all_that_a_cloud_needs_is_in_its_extra_and_in_clouds() -> None:
    import tomllib

    extras = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    rules = {name: import_module(registry._known(name).account) for name in registry.names()}
    needing = {name for name, one in rules.items() if hasattr(one, "EXTRA")}
    assert set(NEED) == needing
    for name in needing:
        extra = rules[name].EXTRA
        assert any(one.startswith(extra.package) for one in extras[extra.name])
        assert registry.lacking(name) == ""
    assert extras["clouds"] == [f"im-instances[{','.join(sorted(needing))}]"]
