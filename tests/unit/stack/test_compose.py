"""docker-compose.yml, as far as it can be judged without a container engine: who is watched over, and by what."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from im.cli.main import im
from im.domain.config.oidc import OidcSettings
from im.domain.config.web import WebSettings
from im.domain.config.webhook import WebhookSettings
from im.providers import registry
from im.services.health.doctor import diagnose
from im.settings import Settings, every_setting
from tests.deploy.compose import ITS_OWN

ROOT = Path(__file__).parents[3]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
ONCE = {"roles", "migrate", "im"}
"""They do one thing and end."""
OURS = {
    name: one["healthcheck"]["test"]
    for name, one in SERVICES.items()
    if one.get("healthcheck", {}).get("test", [])[:2] == ["CMD", "im"]
}


def test_whoever_stays_is_watched_over() -> None:
    assert {name for name, one in SERVICES.items() if "healthcheck" not in one} == ONCE


def test_ticks_and_workers_are_judged_by_doctor() -> None:
    assert OURS == {
        "worker": ["CMD", "im", "doctor", "--only", "here"],
        "deadlines": ["CMD", "im", "doctor", "--only", "here"],
        "beat": ["CMD", "im", "doctor", "--only", "beat"],
    }


@pytest.mark.parametrize("service", OURS)
def test_what_is_asked_there_can_be_asked(service: str) -> None:
    _, _, command, option, kind = OURS[service]
    doctor = im.get_command(click.Context(im), command)
    assert doctor is not None
    assert any(option in param.opts for param in doctor.get_params(click.Context(im)))
    # nothing is there, so it fails; that it is no kind of check would be refused
    assert [check.ok for check in diagnose(Settings(), kind)] == [False]


def test_the_broker_obeys_the_rule_of_the_document() -> None:
    rule = re.search(r"user im on >PASSWORD (.*)", (ROOT / "docs" / "security.md").read_text())
    assert rule is not None
    assert SERVICES["valkey"]["environment"]["IM_ACL"] == rule[1]
    assert "user default off" in SERVICES["valkey"]["command"][0]
    assert SERVICES["worker"]["environment"]["IM_BROKER_URL"].startswith("redis://im:")


def test_each_service_has_the_user_of_the_database_that_its_work_needs() -> None:
    users = {
        name: re.match(r"postgresql://(\w+):", one["environment"]["IM_DATABASE_URL"])[1]  # type: ignore[index]
        for name, one in SERVICES.items()
        if "IM_DATABASE_URL" in one.get("environment", {})
    }
    assert users == {
        "roles": "im",
        "migrate": "im_migrate",
        "worker": "im_work",
        "deadlines": "im_work",
        "im": "im_work",
        "web": "im_work",
        "beat": "im_look",
    }


def test_the_superusers_password_reaches_nobody_but_who_makes_the_others() -> None:
    has = {name for name, one in SERVICES.items() if "IM_POSTGRES_PASSWORD" in str(one.get("environment", {}))}
    assert has == {"postgres", "roles"}


def test_every_container_drops_what_it_can() -> None:
    for name, one in SERVICES.items():
        assert one["cap_drop"] == ["ALL"], name
        assert one["read_only"] is True, name
        assert "no-new-privileges:true" in one["security_opt"], name


def test_every_image_may_be_given_by_its_digest() -> None:
    """A name with a tag around the variable could not be: `im:${…}` takes no digest."""
    assert {
        name for name, one in SERVICES.items() if not re.fullmatch(r"\$\{IM_\w+:-[\w./:-]+\}", one["image"])
    } == set()
    built = (ROOT / "Dockerfile").read_text()
    assert re.findall(r"^FROM (\S+)", built, re.MULTILINE) == ["${BASE}", "${BASE}"]
    assert re.findall(r"^USER (.*)", built, re.MULTILINE) == ["10001:10001"], "a number, and not root's"


def test_every_password_that_is_demanded_is_in_the_example() -> None:
    demanded = set(re.findall(r"\$\{(IM_\w+):\?", (ROOT / "docker-compose.yml").read_text()))
    given = set(re.findall(r"^(IM_\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert demanded == given


def test_the_page_is_published_to_this_machine_alone_and_is_told_every_setting_that_is_its_own() -> None:
    web = SERVICES["web"]
    assert [port.split(":")[0] for port in web["ports"]] == ["127.0.0.1"]
    own = {f.metadata["env"] for kind in (WebSettings, OidcSettings, WebhookSettings) for f in fields(kind)}
    assert own - set(web["environment"]) == set()


def test_the_page_waits_for_the_migrations_and_is_asked_whether_it_is_ready() -> None:
    """And it is there only where it is asked for: it serves nobody as long as nobody can sign in."""
    web = SERVICES["web"]
    assert web["profiles"] == ["web"]
    assert web["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}
    assert "/readyz" in web["healthcheck"]["test"][-1]
    assert web["environment"]["IM_WEB_HOST"] == "0.0.0.0"  # noqa: S104  # of the container; see its ports
    assert web["restart"] == "unless-stopped"


def test_whoever_judges_or_asks_a_webhooks_url_knows_which_networks_are_allowed() -> None:
    for name in ("web", "worker", "deadlines"):
        assert {f.metadata["env"] for f in fields(WebhookSettings)} <= set(SERVICES[name]["environment"]), name


def test_no_password_is_in_a_command_line_and_each_is_given_to_who_needs_it_alone() -> None:
    """A command line is shown to every user of the machine; tests/deploy/page.py looks at those that run."""
    given = {}
    for name, one in SERVICES.items():
        said = str([one.get("command"), one.get("entrypoint"), one.get("healthcheck")])
        assert not re.search(r"\$\{IM_\w*(PASSWORD|SECRET)", said), name
        given[name] = set(re.findall(r"\$\{IM_(\w+)_PASSWORD", str(one.get("environment", {}))))
    assert given == {**ITS_OWN, "im": {"WORK", "BROKER"}}


def test_only_workers_have_credentials_and_everybody_knows_the_places_and_the_defaults() -> None:
    """Of every cloud: a request is planned where it is made, and carried out by a worker."""
    for cloud in registry.names():
        rules = import_module(registry._known(cloud).account)
        for name, one in SERVICES.items():
            given = {var for var in one.get("environment", {}) if var.startswith(rules.SECRET_VARIABLES)}
            assert bool(given - set(rules.KEPT)) is (name in ("worker", "deadlines")), f"{cloud} at {name}"
    planned = {f.metadata["env"] for f in every_setting().values() if f.metadata["unsaid"]} | {"IM_PROVIDER"}
    for name in ("im", "web", "worker"):
        assert planned - set(SERVICES[name]["environment"]) == set(), name


def test_its_flower_shows_what_im_flower_shows() -> None:
    """The columns of its tasks and the file it is not to run are set by the command, unless something here says otherwise."""
    flower = SERVICES["flower"]
    assert flower["command"] == ["flower"]
    assert {name for name in flower["environment"] if name.startswith("FLOWER_")} == {
        *("FLOWER_ADDRESS", "FLOWER_PORT", "FLOWER_BASIC_AUTH", "FLOWER_READ_ONLY")
    }


def test_with_the_documents_override_everybody_reaches_a_database_elsewhere() -> None:
    """Whoever has its address has another one than ours, of the same user, and a network that leads there."""
    text = (ROOT / "docs" / "fleet.md").read_text()
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "OWNER_URL" in one]
    override = yaml.safe_load(block)["services"]
    away = {
        name for name, one in yaml.safe_load((ROOT / "docker-compose.yml").read_text())["networks"].items() if not one
    }
    for variable in ("IM_DATABASE_URL", "IM_BROKER_URL"):
        asking = {name for name, one in SERVICES.items() if variable in one.get("environment", {})}
        assert {name for name, one in override.items() if variable in one["environment"]} == asking
        for name in asking:
            assert away & {*SERVICES[name]["networks"], *override[name].get("networks", ())}, name
    named = {name: one["environment"].get("IM_DATABASE_URL") for name, one in override.items()}
    users = {"${OWNER_URL}": "im", "${MIGRATE_URL}": "im_migrate", "${WORK_URL}": "im_work", "${LOOK_URL}": "im_look"}
    for name, url in named.items():
        assert url is None or f"//{users[url]}:" in SERVICES[name]["environment"]["IM_DATABASE_URL"], name


def test_the_database_and_the_broker_are_stopped_after_whoever_stays_and_uses_them() -> None:
    """Compose stops a service after those that name it themselves and run; through `migrate`, which has ended, it sees nobody."""
    for name, one in SERVICES.items():
        for variable, service in (("IM_DATABASE_URL", "postgres"), ("IM_BROKER_URL", "valkey")):
            if variable in one.get("environment", {}) and name != "migrate":
                assert one["depends_on"][service] == {"condition": "service_healthy"}, name


LAPTOPS = {"IM_API_URL", "IM_TOKEN", "IM_CONFIG", "IM_HOME"}
"""They make of a command one that asks a deployment elsewhere, or name folders of a person's."""


def test_no_setting_of_the_env_file_is_silently_left_out() -> None:
    given = {name for one in SERVICES.values() for name in one.get("environment", {})}
    assert {f.metadata["env"] for f in every_setting().values()} - given == LAPTOPS


def test_who_asks_for_its_own_address_has_a_way_out() -> None:
    """`--ssh-from me`, the default, is asked of the internet where the command is typed; `inside` leads nowhere."""
    assert set(SERVICES["im"]["networks"]) == {"inside", "outside"}


def test_the_broker_is_the_process_that_is_told_to_stop(tmp_path: Path) -> None:
    """And not the child of a shell that hands no signal on; it is given its rules all the same, and no password as a word."""
    server = tmp_path / "valkey-server"
    server.write_text('#!/bin/sh\necho "$$ $*"\ncat\n')
    server.chmod(0o755)
    valkey = SERVICES["valkey"]
    words = [*valkey["entrypoint"], *(one.replace("$$", "$") for one in valkey["command"])]
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REDISCLI_AUTH": "s3cret", "IM_ACL": "~im.* &/0.* -@all +del"}
    with subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as asked:
        said, _ = asked.communicate()
    assert said.splitlines() == [
        f"{asked.pid} -",
        *("user default off", "user im on >s3cret ~im.* &/0.* -@all +del"),
        *("maxmemory 256mb", "maxmemory-policy noeviction", 'save ""', "appendonly no"),
    ]
