"""How a project of Google's is named and reached, from all the places where people keep that."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers import registry
from im.providers.errors import Unauthenticated
from im.providers.gcp import account, credentials


def lab(**words: str) -> Account:
    return Account("lab", "gcp", words)


@pytest.fixture
def gcloud(tmp_path: Path) -> dict[str, str]:
    """The folder of somebody who uses gcloud, with two configurations."""
    (tmp_path / "configurations").mkdir()
    (tmp_path / "active_config").write_text("work\n")
    for name, project, zone in (("default", "play-1234", "us-east1-c"), ("work", "work-1234", "europe-west4-b")):
        text = f"[core]\naccount = a@b.c\nproject = {project}\n\n[compute]\nzone = {zone}\n"
        (tmp_path / "configurations" / f"config_{name}").write_text(text)
    return {"CLOUDSDK_CONFIG": str(tmp_path)}


def test_the_project_is_the_accounts_own_the_environments_the_files_or_gclouds(
    gcloud: dict[str, str], tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"type": "service_account", "project_id": "key-1234"}))
    assert account.project_of(lab(project="lab-1234"), {"GOOGLE_CLOUD_PROJECT": "env-1234"}) == "lab-1234"
    assert account.project_of(lab(), {"GOOGLE_CLOUD_PROJECT": "env-1234", **gcloud}) == "env-1234"
    assert account.project_of(lab(), {"GOOGLE_APPLICATION_CREDENTIALS": str(key), **gcloud}) == "key-1234"
    assert account.project_of(lab(), {"GOOGLE_PROJECT": "terraforms-1234", **gcloud}) == "terraforms-1234"
    assert account.project_of(lab(credentials=str(key)), gcloud) == "key-1234"
    assert account.project_of(lab(), gcloud) == "work-1234"
    assert account.project_of(lab(), {**gcloud, "CLOUDSDK_ACTIVE_CONFIG_NAME": "default"}) == "play-1234"
    assert account.project_of(lab(), {"CLOUDSDK_CONFIG": "/dev/null"}) == ""


def test_the_region_is_the_variables_gclouds_or_the_default(gcloud: dict[str, str]) -> None:
    def home(env: dict[str, str]) -> tuple[str, str]:
        found = account.home(env, None)
        assert found is not None
        return str(found), found.said

    assert home({"CLOUDSDK_COMPUTE_REGION": "us-west1", **gcloud}) == ("us-west1", "CLOUDSDK_COMPUTE_REGION")
    assert home({"GOOGLE_ZONE": "us-west1-c", "GOOGLE_REGION": "us-west1"}) == ("us-west1", "GOOGLE_REGION")
    assert home({"CLOUDSDK_COMPUTE_ZONE": "us-west1-c"}) == ("us-west1", "CLOUDSDK_COMPUTE_ZONE")
    assert home(gcloud) == ("europe-west4", "gcloud's configuration")
    assert home({}) == ("us-central1", "the default")


def test_the_zone_is_the_one_that_was_named_with_the_region(gcloud: dict[str, str]) -> None:
    def zone(env: dict[str, str]) -> str:
        found = account.home(env, None)
        assert found is not None
        return found.zone

    assert zone(gcloud) == "europe-west4-b"
    assert zone({"CLOUDSDK_COMPUTE_REGION": "us-west1", "CLOUDSDK_COMPUTE_ZONE": "us-west1-c"}) == "us-west1-c"
    assert zone({"CLOUDSDK_COMPUTE_REGION": "us-west1", "CLOUDSDK_COMPUTE_ZONE": "us-east1-c"}) == "", (
        "of another region"
    )
    assert zone({"CLOUDSDK_COMPUTE_REGION": "us-west1", **gcloud}) == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"project": "My Project"}, "it is the project's id"),
        ({"impersonate": "somebody"}, "it looks like im@lab-1234"),
        ({"token": "x"}, "known for gcp: project, credentials, impersonate"),
    ],
)
def test_what_an_account_cannot_say_is_refused(words: dict[str, str], told: str) -> None:
    with pytest.raises(Refused) as refused:
        account.read(lab(**words))
    assert told in f"{refused.value} {refused.value.hint}"


def test_how_an_account_is_reached_is_said_without_a_secret() -> None:
    read = account.read(lab(**{"": "lab-1234"}))
    assert account.sentence(read) == "project lab-1234, the workers' own credentials"
    whole = lab(project="lab-1234", credentials="/etc/im/lab.json", impersonate="im@lab-1234.iam.gserviceaccount.com")
    assert account.sentence(whole) == (
        "project lab-1234, the key in /etc/im/lab.json, as im@lab-1234.iam.gserviceaccount.com"
    )
    assert account.secrets(lab(), {"CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.x"}) == ["ya29.x"]


def test_what_is_to_be_seen_of_credentials_is_said_and_no_pretended_cloud_sees_it(
    gcloud: dict[str, str], tmp_path: Path
) -> None:
    assert account.found({}) == ""
    assert account.found(gcloud) == ""
    (tmp_path / "application_default_credentials.json").write_text("{}")
    assert account.found(gcloud) == "gcloud's application default credentials, project work-1234"
    key = tmp_path / "key.json"
    key.write_text(json.dumps({"type": "service_account", "project_id": "key-1234"}))
    env = {"GOOGLE_APPLICATION_CREDENTIALS": str(key), "CLOUDSDK_COMPUTE_REGION": "us-west1"}
    assert account.found(env) == "the service_account file in GOOGLE_APPLICATION_CREDENTIALS, project key-1234"
    kept = registry.pretending({**env, **gcloud, "PATH": "/bin"})
    assert "GOOGLE_APPLICATION_CREDENTIALS" not in kept
    assert (kept["CLOUDSDK_CONFIG"], kept["NO_GCE_CHECK"]) == ("/dev/null", "true")
    assert (kept["CLOUDSDK_COMPUTE_REGION"], kept["PATH"]) == ("us-west1", "/bin")


def test_a_token_of_the_environment_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credentials, "_google", lambda: pytest.fail("it was imported"))
    known = credentials.Credentials(lab(), {"CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.x"})
    assert known.headers() == {"Authorization": "Bearer ya29.x"}


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **more: Any) -> Any:
        if name.startswith("google"):
            raise ImportError(name)
        return real(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(Unauthenticated, match=r"pip install 'im-instances\[gcp\]'"):
        credentials.Credentials(lab(), {}).headers()


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without any credentials of Google's."""
    for name in ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CLOUD_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "none"))
    monkeypatch.setenv("NO_GCE_CHECK", "true")


@pytest.mark.usefixtures("nobody")
def test_where_nothing_is_known_it_is_said_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Unauthenticated, match="gcloud auth application-default login"):
        credentials.Credentials(lab()).headers()
    with pytest.raises(Unauthenticated, match="gcloud auth application-default login"):
        credentials.Credentials(lab()).project()
    with pytest.raises(Unauthenticated, match="set GOOGLE_CLOUD_PROJECT"):
        credentials.Credentials(lab(), {"CLOUDSDK_AUTH_ACCESS_TOKEN": "ya29.x"}).project()
    with pytest.raises(Unauthenticated, match=r"no credentials|cannot be read"):
        credentials.Credentials(lab(credentials=str(tmp_path / "absent.json"))).headers()


class _Metadata(BaseHTTPRequestHandler):
    """What a machine of Google's is told of itself."""

    ANSWERS: ClassVar = {
        "/computeMetadata/v1/project/project-id": "vm-1234",
        "/computeMetadata/v1/universe/universe-domain": "",
    }

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        token = {"access_token": "of-the-machine", "expires_in": 3600, "token_type": "Bearer"}
        account = {"email": "im@vm-1234.iam.gserviceaccount.com", "scopes": ["all"], "aliases": ["default"]}
        told = self.ANSWERS.get(path) or json.dumps(token if path.endswith("/token") else account)
        self.send_response(200)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", "application/text" if path in self.ANSWERS else "application/json")
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told.encode())

    def log_message(self, *_: object) -> None:
        pass


def test_on_a_machine_of_googles_its_own_project_and_service_account_are_taken(tmp_path: Path) -> None:
    """In a process of its own: Google's library reads where the metadata are when it is imported."""
    asked = (
        "from im.domain.config.account import Account\n"
        "from im.providers.gcp.credentials import Credentials\n"
        "known = Credentials(Account('default', 'gcp'))\n"
        "print(known.project(), known.headers()['Authorization'])\n"
    )
    with ThreadingHTTPServer(("127.0.0.1", 0), _Metadata) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        at = f"127.0.0.1:{server.server_port}"
        env = {"HOME": str(tmp_path), "GCE_METADATA_HOST": at, "GCE_METADATA_IP": at, "PATH": str(tmp_path)}
        done = subprocess.run([sys.executable, "-c", asked], env=env, capture_output=True, text=True, check=False)
        server.shutdown()
    assert done.stdout == "vm-1234 Bearer of-the-machine\n", done.stderr


def test_the_profile_loads_without_googles_library() -> None:
    before = {name for name in sys.modules if name.startswith("google.auth")}
    registry.profile("gcp")
    assert {name for name in sys.modules if name.startswith("google.auth")} == before
