"""Who we are to Azure, by its own library, unmodified: a managed identity, the az tool, a service principal, and none of them."""

from __future__ import annotations

import builtins
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from im.domain.config.account import Account
from im.providers import errors
from im.providers.azure import account as accounts
from im.providers.azure.tokens import Tokens, _credential

ARM = "https://management.azure.com"


class Identity(ThreadingHTTPServer):
    """The door at which a machine of Azure's asks for its own identity."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.status = 200
        super().__init__(("127.0.0.1", 0), _Door)


class _Door(BaseHTTPRequestHandler):
    server: Identity

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        told: dict[str, Any] = {
            "access_token": "of-the-machine",
            "expires_on": "2208988800",
            "resource": ARM,
            "token_type": "Bearer",
        }
        body = json.dumps(told if self.server.status == 200 else {"error": "too_many_requests"}).encode()
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Iterator[Identity]:
    with Identity() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
        monkeypatch.setenv("IDENTITY_HEADER", "secret-of-the-machine")
        yield server
        server.shutdown()


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which nobody has signed in; its PATH holds what a test puts there."""
    for word in ("TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "SUBSCRIPTION_ID"):
        for beginning in ("AZURE_", "ARM_"):
            monkeypatch.delenv(beginning + word, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    (tmp_path / "bin").mkdir()
    return tmp_path


def tokens(**words: str) -> Tokens:
    return Tokens(lambda: Account("lab", "azure", words), ARM)


def test_a_managed_identity_is_asked_once_for_as_long_as_its_token_lasts(identity: Identity) -> None:
    mine = tokens(use="managed-identity")
    assert [mine(), mine()] == ["of-the-machine"] * 2
    (asked,) = identity.asked
    assert "resource=https%3A%2F%2Fmanagement.azure.com" in asked.replace("://", "%3A%2F%2F").replace(".com/", ".com")
    mine.forget()
    assert mine() == "of-the-machine"
    assert len(identity.asked) == 2


def test_the_az_tool_is_asked(nobody: Path) -> None:
    program = nobody / "bin" / "az"
    told = {
        "accessToken": "of-the-tool",
        "expiresOn": "2040-01-01 00:00:00.000000",
        "expires_on": 2208988800,
        "tenant": "t",
    }
    program.write_text(f"#!{sys.executable}\nprint({json.dumps(told)!r})\n")
    program.chmod(0o700)
    assert tokens(use="cli")() == "of-the-tool"


def test_where_nobody_has_signed_in_what_to_do_is_said(nobody: Path) -> None:
    with pytest.raises(errors.Unauthenticated, match="az login, or set AZURE_TENANT_ID"):
        tokens(use="environment")()
    with pytest.raises(errors.Unauthenticated, match="az login, or set AZURE_TENANT_ID"):
        tokens(use="cli")()


def test_a_secret_that_is_not_on_this_machine_is_missed(nobody: Path) -> None:
    with pytest.raises(errors.Unauthenticated, match="the account lab has no secret on this machine"):
        tokens(tenant="t", client_id="c", client_secret_env="NOT_SET")()
    with pytest.raises(errors.Unauthenticated, match="the file of a secret cannot be read"):
        tokens(tenant="t", client_id="c", client_secret_file=str(nobody / "none"))()


def test_a_token_service_that_is_ill_is_no_wrong_password() -> None:
    from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError

    from im.providers.azure.tokens import _meaning

    class Answer:
        reason, headers = "later", {}

        def __init__(self, status: int) -> None:
            self.status_code = status

        def text(self) -> str:
            return "{}"

    def of(status: int) -> errors.ProviderError:
        return _meaning(ClientAuthenticationError("AADSTS7000215: Invalid client secret", response=Answer(status)))

    assert [type(of(status)) for status in (429, 503)] == [errors.Unavailable] * 2
    assert type(of(401)) is errors.Unauthenticated
    assert "AADSTS7000215" in of(401).message
    assert type(_meaning(ServiceRequestError("no route"))) is errors.Unavailable


def test_without_the_package_it_is_said_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = builtins.__import__

    def lacking(name: str, *args: Any, **more: Any) -> Any:
        if name == "azure" or name.startswith("azure."):
            raise ImportError(name)
        return usual(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(errors.Unauthenticated, match=r"pip install 'im-instances\[azure\]'"):
        tokens()()


@pytest.mark.parametrize(
    ("proof", "value", "made"),
    [
        ("ARM_CLIENT_SECRET", "hush", "ClientSecretCredential"),
        ("ARM_OIDC_TOKEN_FILE_PATH", "/run/token", "WorkloadIdentityCredential"),
        ("ARM_CLIENT_CERTIFICATE_PATH", "lab.pem", "CertificateCredential"),
    ],
)
def test_terraforms_variables_are_taken_where_azures_own_are_not_set(
    nobody: Path, monkeypatch: pytest.MonkeyPatch, proof: str, value: str, made: str
) -> None:
    if value == "lab.pem":
        value = str(_certificate(nobody / value))
    env = {"ARM_TENANT_ID": "11111111-2222-3333-4444-555555555555", "ARM_CLIENT_ID": "c", proof: value}
    for name, said in env.items():
        monkeypatch.setenv(name, said)
    assert type(_credential(Account("default", "azure"))).__name__ == made
    assert accounts.found({**env, "ARM_SUBSCRIPTION_ID": "S-1"}) == (
        f"the service principal in ARM_CLIENT_ID, with {proof}, subscription s-1"
    )
    own = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "hush"}
    assert accounts.principal_of({**env, **own}) == ("AZURE_", "AZURE_CLIENT_SECRET")


def _certificate(path: Path) -> Path:
    """A key and a certificate that it signs itself, as openssl makes them."""
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=lab", "-days", "1"]
    subprocess.run(
        [*command, "-keyout", path, "-out", f"{path}.crt"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    )
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    return path


# ---- what is known offline -------------------------------------------------------------------------------------------


def profile(home: Path, **usual: str) -> Mapping[str, str]:
    (home / ".azure").mkdir()
    kept = {"subscriptions": [{"id": "other", "isDefault": False}, {"id": "AAAA-1111", "isDefault": True}]}
    (home / ".azure" / "azureProfile.json").write_text(json.dumps(kept), encoding="utf-8-sig")
    (home / ".azure" / "config").write_text("[defaults]\nlocation = northeurope\n")
    return {"HOME": str(home), **usual}


def test_subscription_and_location_are_where_azures_own_tools_keep_them(nobody: Path) -> None:
    env = profile(nobody)
    lab, bare = Account("lab", "azure", {"subscription": "MINE"}), Account("lab", "azure")
    assert accounts.subscription_of(lab, env) == "mine"
    assert accounts.subscription_of(bare, {**env, "AZURE_SUBSCRIPTION_ID": "named"}) == "named"
    assert accounts.subscription_of(bare, env) == "aaaa-1111"
    assert accounts.subscription_of(bare, {"HOME": "/nonexistent"}) == ""
    assert accounts.home(env, None) == "northeurope"
    assert accounts.home({**env, "AZURE_DEFAULTS_LOCATION": "uksouth"}, None) == "uksouth"
    assert accounts.home({**env, "AZURE_LOCATION": "West Europe"}, None) == "westeurope"
    assert accounts.home({"HOME": "/nonexistent"}, None) == "eastus"


def test_what_is_to_be_seen_is_said_and_no_secret(nobody: Path) -> None:
    assert accounts.found({"HOME": "/nonexistent"}) == ""
    assert accounts.found(profile(nobody)) == "the az tool's login, subscription aaaa-1111"
    principal = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "hush"}
    told = "the service principal in AZURE_CLIENT_ID, with AZURE_CLIENT_SECRET, and no subscription"
    assert accounts.found(principal) == told
    words = {"tenant": "t", "client_id": "c", "client_secret": "hush"}
    assert accounts.sentence(Account("lab", "azure", words)) == "the service principal c by its secret"
    assert accounts.secrets(Account("lab", "azure", words), {}) == ["hush", ""]
