"""`im login` and `im logout`: where the token is kept, who can see it, and which of several addresses counts."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from im import __version__
from im.cli.backend import place
from im.cli.main import im
from im.domain.errors import NotSignedIn, Refused
from im.secret import conceal
from tests.integration.remote.conftest import TOKEN, Odd, answer
from tests.integration.serving import Serving
from tests.integration.typed import run
from tests.world import World

CLEAN = dict.fromkeys(("IM_API_URL", "IM_TOKEN", "IM_DATABASE_URL", "IM_BROKER_URL", "IM_CONFIG", "XDG_CONFIG_HOME"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path


def typed(home: Path, *words: str, text: str | None = None, **env: str) -> Result:
    own = {"HOME": str(home), "IM_HOME": str(home / "state")}
    return CliRunner(env={**CLEAN, **own, **env}).invoke(im, list(words), prog_name="im", input=text)


def kept(home: Path) -> Path:
    return home / ".config" / "im" / "login.json"


def test_signed_in_every_command_speaks_to_it_until_signed_out(world: World, served: Serving, home: Path) -> None:
    assert world.place is not None
    world.create("web")
    done = typed(home, "login", served.url, text=f"{world.place.token}\n")
    assert done.exit_code == 0, done.stderr
    assert done.stdout.startswith(f"signed in to {served.url} as ada (admin)")
    assert "web" in typed(home, "list").stdout
    assert stat.S_IMODE(kept(home).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept(home).parent.stat().st_mode) == 0o700
    assert typed(home, "logout").stdout == "the token is forgotten here\n"
    assert not kept(home).exists()
    assert typed(home, "login", "--forget").stdout == "nobody was signed in\n"
    assert "no database is named" in typed(home, "list").stderr


def test_a_token_can_be_ended_with_it(world: World, served: Serving, home: Path) -> None:
    assert world.place is not None
    typed(home, "login", served.url, text=world.place.token)
    assert "worth nothing any more" in typed(home, "logout", "--revoke").stdout
    again = typed(home, "login", served.url, text=world.place.token)
    assert (again.exit_code, "it was revoked" in again.stderr) == (4, True)
    assert not kept(home).exists()


def test_a_token_that_is_not_valid_is_not_kept(served: Serving, home: Path) -> None:
    for text in ("", "hunter2hunter2", TOKEN):
        done = typed(home, "login", served.url, text=text)
        assert done.exit_code == 4
        assert "hunter2" not in done.output
    assert not kept(home).exists()


def test_the_token_is_in_no_argument_no_answer_and_no_error(world: World, served: Serving, home: Path) -> None:
    assert world.place is not None
    assert not any("token" in param.name for param in im.commands.get("login", im).params if param.name)
    typed(home, "login", served.url, text=world.place.token)
    body = world.place.token.removeprefix("im_pat_")
    for words in ("list", "doctor", "status nothing", "list --verbose", "cost --json"):
        assert body not in typed(home, *words.split()).output
    assert body not in repr(place.find({"HOME": str(home)}))
    assert body not in conceal(f"GET / HTTP/1.1 Authorization: Bearer {world.place.token}")


def test_a_file_that_others_can_read_is_not_used(home: Path) -> None:
    place.keep({"HOME": str(home)}, place.Place("https://im.example.com", TOKEN), "ada")
    kept(home).chmod(0o640)
    done = typed(home, "list")
    assert (done.exit_code, done.stderr) == (
        2,
        f"im: {kept(home)} holds your token and others on this machine can read it. Next: chmod 600 {kept(home)}\n",
    )
    assert "FAIL" in typed(home, "doctor").stdout
    kept(home).chmod(0o600)
    kept(home).write_text("{")
    assert "im logout" in typed(home, "list").stderr
    assert typed(home, "logout").exit_code == 0


def test_what_is_kept_is_whole_or_as_it_was(home: Path) -> None:
    env = {"HOME": str(home)}
    place.keep(env, place.Place("https://one.example", TOKEN), "ada")
    place.keep(env, place.Place("https://two.example", TOKEN), "ada")
    assert json.loads(kept(home).read_text())["url"] == "https://two.example"
    assert os.listdir(kept(home).parent) == ["login.json"]


URLS = {
    "http://im.example.com": "would carry your token in the clear",
    "http://10.0.0.7:8780": "would carry your token in the clear",
    "http://127.0.0.1.example.com": "would carry your token in the clear",
    "https://ada:hunter2@im.example.com": "holds a user or a password",
    "https://im.example.com/?x=1": "more than a host and a path",
    "ftp://im.example.com": "with https:// before it",
    "im.example.com": "with https:// before it",
    "https://": "with https:// before it",
    "https://im.example.com:port": "cannot be read",
    "https://im .example.com": "with https:// before it",
}


@pytest.mark.parametrize("url", URLS)
def test_an_address_that_may_not_be_is_refused_before_anything_is_sent(home: Path, url: str) -> None:
    for done in (typed(home, "login", url, text=TOKEN), typed(home, "list", IM_API_URL=url, IM_TOKEN=TOKEN)):
        assert (done.exit_code, URLS[url] in done.stderr) == (2, True), done.stderr
        assert "hunter2" not in done.output


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://im.example.com/", "https://im.example.com"),
        ("https://im.example.com:8443/team/im/api/v1", "https://im.example.com:8443/team/im"),
        ("http://localhost:8780", "http://localhost:8780"),
        ("http://[::1]:8780", "http://[::1]:8780"),
    ],
)
def test_an_address_is_kept_as_it_is_used(url: str, clean: str) -> None:
    assert place.check_url(url) == clean


def test_the_environment_goes_first_and_a_named_database_before_what_is_kept(home: Path) -> None:
    env = {"HOME": str(home)}
    place.keep(env, place.Place("https://kept.example", TOKEN), "ada")
    named = {"IM_API_URL": "https://named.example", "IM_TOKEN": "im_pat_other"}
    assert place.find({**env, **named}) == place.Place("https://named.example", "im_pat_other")
    assert place.find({**env, "IM_DATABASE_URL": "postgresql://x"}) is None
    assert place.find({**env, **named, "IM_DATABASE_URL": "postgresql://x"}) is not None
    assert place.find(env) == place.Place("https://kept.example", TOKEN, "im login")
    with pytest.raises(NotSignedIn):  # the kept token is not for another address
        place.find({**env, "IM_API_URL": "https://named.example"})
    (home / ".config" / "im" / "login.json").unlink()
    assert place.find(env) is None


def test_the_config_file_can_name_it_too(home: Path) -> None:
    config = home / ".config" / "im" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('api_url = "https://im.example.com"\ntoken = "im_pat_x"\n')
    found = place.find({"HOME": str(home)})
    assert found is not None
    assert (found.url, found.token) == ("https://im.example.com", "im_pat_x")


def test_a_kept_file_with_an_address_that_may_not_be_is_not_used(home: Path) -> None:
    place.keep({"HOME": str(home)}, place.Place("http://evil.example", TOKEN), "ada")
    with pytest.raises(Refused):
        place.find({"HOME": str(home)})


MACHINE = {
    "worker": "on a machine of the deployment",
    "beat": "on a machine of the deployment",
    "service": "on a machine of the deployment",
    "web": "on a machine of the deployment",
    "db status": "IM_DATABASE_URL set",
    "db upgrade": "IM_DATABASE_URL set",
    "metrics --port 9": "im metrics  prints them",
    "token create x --admin --for 1h": "with IM_API_URL unset",
}


@pytest.mark.parametrize("words", MACHINE)
def test_what_is_of_a_machine_says_why_it_cannot_go_over_the_api(home: Path, words: str) -> None:
    done = typed(home, *words.split(), IM_API_URL="https://im.example.com", IM_TOKEN=TOKEN)
    assert done.exit_code in (2, 4)
    assert MACHINE[words] in done.stderr


_MAJOR, _MINOR = (int(part) for part in __version__.split(".")[:2])
APART = {
    f"{_MAJOR}.{_MINOR - 1}.9": 0,
    f"{_MAJOR}.{_MINOR + 1}.4": 0,
    f"{_MAJOR}.{_MINOR + 2}.0": 1,
    f"{_MAJOR + 1}.0.0": 1,
}


@pytest.mark.parametrize(("version", "exit_code"), APART.items())
def test_one_minor_release_apart_works_and_two_are_named(home: Path, version: str, exit_code: int) -> None:
    """The other way round, a server refuses a command line that is further away, before it does anything."""
    page = json.dumps({"items": [], "next": None, "now": "2030-01-01T12:00:00Z", "sandbox": True}).encode()
    nothing = {name: [] for name in ("scopes", "holds", "alarms")}
    told = {"now": "2030-01-01T12:00:00Z", "sandbox": False, **nothing, "orphans": {"count": 0, "since": None}}
    fleet = json.dumps(told).encode()
    server = Odd(lambda n: answer(page if n == 1 else fleet, version=version))
    done = typed(home, "list", IM_API_URL=server.place.url, IM_TOKEN=TOKEN)
    server.close()
    assert done.exit_code == exit_code, done.stderr
    assert ("more than one minor release apart" in done.stderr) is (exit_code == 1)


def test_a_server_does_nothing_for_a_command_line_that_is_too_far_away(
    world: World, served: Serving, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("im.cli.backend.remote.link.__version__", "0.9.0")
    done = run(world, "create", "--public-key", key, "--no-wait")
    assert done.exit_code != 0
    assert "0.9.0" in done.stderr
    assert "more than one minor release apart" in done.stderr
    assert run(world, "list", "--all", "-q").stdout == ""
    monkeypatch.undo()
    assert run(world, "list", "--all", "-q").stdout == ""
