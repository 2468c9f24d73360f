"""From a kubeconfig to a call that is let in: tokens, files that are replaced, programs, certificates, proxies."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from im.domain.config.account import Account
from im.providers.errors import NotInstalled, Unauthenticated, Unavailable
from im.providers.kubernetes.access import link as link_module
from im.providers.kubernetes.access.link import link_of
from im.providers.kubernetes.api import KubernetesApi
from tests.unit.providers.kubernetes.certificates import Authority

OWN = Account("default", "kubernetes")


class Server(BaseHTTPRequestHandler):
    """Says who called: by which token, by whose certificate, and for whom."""

    protocol_version = "HTTP/1.1"
    good: frozenset[str] | None = None

    def do_GET(self) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        peer = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
        told: dict[str, Any] = {"token": token, "path": self.path, "peer": None}
        if peer:
            told["peer"] = dict(part[0] for part in peer["subject"])["commonName"]
        status = 200 if self.good is None or token in self.good else 401
        text = json.dumps(told if status == 200 else {"kind": "Status", "message": "Unauthorized"}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def serving(tls: ssl.SSLContext | None = None, good: frozenset[str] | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("One", (Server,), {"good": good}))
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def config(folder: Path, server: str, user: dict[str, Any], **cluster: Any) -> dict[str, str]:
    """The environment of somebody with such a kubeconfig."""
    said = {
        "current-context": "lab",
        "contexts": [{"name": "lab", "context": {"cluster": "one", "user": "me"}}],
        "clusters": [{"name": "one", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "me", "user": user}],
    }
    (folder / "config").write_text(yaml.safe_dump(said))
    return {"KUBECONFIG": str(folder / "config"), "PATH": "/usr/bin:/bin"}


def asked(env: dict[str, str], account: Account = OWN) -> dict[str, Any]:
    told: dict[str, Any] = KubernetesApi(link_of(lambda: account, env)).ask("GET", "/version").body
    return told


def test_a_token_is_sent_as_it_stands(tmp_path: Path) -> None:
    with serving() as url:
        assert asked(config(tmp_path, url, {"token": "mine"}))["token"] == "mine"
        assert asked(config(tmp_path, url, {}))["token"] == ""


def test_a_token_file_that_was_replaced_is_read_again_when_the_old_one_is_refused(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("old\n")
    with serving(good=frozenset({"old", "new"})) as url:
        link = link_of(lambda: OWN, config(tmp_path, url, {"tokenFile": "token"}))
        api = KubernetesApi(link)
        assert api.ask("GET", "/version").body["token"] == "old"
    with serving(good=frozenset({"new"})) as url:
        config(tmp_path, url, {"tokenFile": "token"})
        link.forget()
        with pytest.raises(Unauthenticated):
            api.ask("GET", "/version")
        (tmp_path / "token").write_text("new\n")
        assert api.ask("GET", "/version").body["token"] == "new"


def program(
    folder: Path, *, version: str = "v1", status: dict[str, Any] | None = None, script: str = ""
) -> dict[str, Any]:
    """A user whose token comes from a program beside the kubeconfig, which notes how it was called."""
    told = {
        "apiVersion": f"client.authentication.k8s.io/{version}",
        "kind": "ExecCredential",
        "status": status or {"token": "from a program"},
    }
    path = folder / "get-token"
    body = script or f"cat <<'X'\n{json.dumps(told)}\nX\n"
    path.write_text(f'#!/bin/sh\necho "$1 $EXTRA $KUBERNETES_EXEC_INFO" >> "{folder}/called"\n{body}')
    path.chmod(0o700)
    return {
        "exec": {
            "apiVersion": f"client.authentication.k8s.io/{version}",
            "command": "./get-token",
            "args": ["eks"],
            "env": [{"name": "EXTRA", "value": "profile"}],
            "interactiveMode": "IfAvailable",
            "provideClusterInfo": True,
            "installHint": "install the get-token tool",
        }
    }


def called(folder: Path) -> list[str]:
    return (folder / "called").read_text().splitlines()


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_a_program_is_asked_once_with_what_the_kubeconfig_says_and_the_cluster(tmp_path: Path, version: str) -> None:
    with serving() as url:
        api = KubernetesApi(link_of(lambda: OWN, config(tmp_path, url, program(tmp_path, version=version))))
        for _ in range(3):
            assert api.ask("GET", "/version").body["token"] == "from a program"
        (one,) = called(tmp_path)
        assert one.startswith("eks profile ")
        info = json.loads(one.removeprefix("eks profile "))
        assert info["apiVersion"] == f"client.authentication.k8s.io/{version}"
        assert info["spec"] == {"interactive": False, "cluster": {"server": url}}


def test_what_is_about_to_expire_and_what_was_refused_is_asked_for_again(tmp_path: Path) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    with serving() as url:
        user = program(tmp_path, status={"token": "short", "expirationTimestamp": soon})
        asked(config(tmp_path, url, user))
        assert len(called(tmp_path)) > 1
    (tmp_path / "called").unlink()
    with serving(good=frozenset()) as url:
        with pytest.raises(Unauthenticated):
            asked(config(tmp_path, url, program(tmp_path)))
        assert len(called(tmp_path)) == 2


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("echo 'your session is over: log in' >&2; exit 3\n", "gave no credentials: your session is over: log in"),
        ("exit 4\n", "it ended with 4"),
        ("echo secret-that-is-none\n", "said nothing that is a credential"),
        ('echo \'{"kind": "ExecCredential", "apiVersion": "x", "status": {"token": "hush"}}\'\n', "said nothing"),
    ],
)
def test_a_program_that_fails_is_told_of_and_what_it_said_is_not(tmp_path: Path, script: str, says: str) -> None:
    with pytest.raises(Unauthenticated, match=says) as told:
        asked(config(tmp_path, "http://127.0.0.1:1", program(tmp_path, script=script)))
    assert "secret" not in str(told.value)
    assert "hush" not in str(told.value)


def test_a_program_that_is_not_there_or_cannot_be_asked_is_told_with_what_to_do(tmp_path: Path) -> None:
    user = program(tmp_path)
    (tmp_path / "get-token").unlink()
    with pytest.raises(
        Unauthenticated, match="there is no get-token where this worker runs: install the get-token tool"
    ):
        asked(config(tmp_path, "http://127.0.0.1:1", user))
    for change, says in (
        ({"interactiveMode": "Always"}, "nobody is there"),
        ({"apiVersion": "client.authentication.k8s.io/v1alpha1"}, "speaks client.authentication.k8s.io/v1alpha1"),
    ):
        with pytest.raises(Unauthenticated, match=says):
            asked(config(tmp_path, "http://127.0.0.1:1", {"exec": {**user["exec"], **change}}))
    with pytest.raises(Unauthenticated, match="auth-provider"):
        asked(config(tmp_path, "http://127.0.0.1:1", {"auth-provider": {"name": "gcp"}}))


# ---- certificates ----------------------------------------------------------------------------------------------------


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def secure(authority: Authority, tmp_path: Path) -> ssl.SSLContext:
    """A server that is called `kubernetes`, and asks for certificates."""
    return called_so(authority, tmp_path, "kubernetes")


def called_so(authority: Authority, tmp_path: Path, name: str) -> ssl.SSLContext:
    certificate, key = authority.pair("server", dns=name)
    (tmp_path / "server.pem").write_bytes(certificate + key)
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(tmp_path / "server.pem")
    made.verify_mode = ssl.CERT_OPTIONAL
    made.load_verify_locations(cadata=authority.pem.decode())
    return made


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_certificates_are_taken_from_files_and_the_servers_name_from_the_kubeconfig(
    tmp_path: Path, authority: Authority, secure: ssl.SSLContext
) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    for name, content in zip(("me.pem", "me.key"), authority.pair("ada"), strict=True):
        (tmp_path / name).write_bytes(content)
    user = {"client-certificate": "me.pem", "client-key": "me.key"}
    with serving(secure) as url:
        told = asked(
            config(tmp_path, url, user, **{"certificate-authority": "ca.pem", "tls-server-name": "kubernetes"})
        )
        assert told["peer"] == "ada"
        with pytest.raises(Unavailable):  # it is called otherwise
            asked(config(tmp_path, url, user, **{"certificate-authority": "ca.pem"}))
        assert asked(config(tmp_path, url, user, **{"insecure-skip-tls-verify": True}))["peer"] == "ada"


def test_a_program_may_give_a_certificate(tmp_path: Path, authority: Authority, secure: ssl.SSLContext) -> None:
    (tmp_path / "ca.pem").write_bytes(authority.pem)
    certificate, key = authority.pair("by a program")
    status = {"clientCertificateData": certificate.decode(), "clientKeyData": key.decode()}
    with serving(secure) as url:
        words = {"certificate-authority": "ca.pem", "tls-server-name": "kubernetes"}
        assert asked(config(tmp_path, url, program(tmp_path, status=status), **words))["peer"] == "by a program"


def test_a_certificate_that_is_none_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(Unauthenticated, match="a certificate cannot be used"):
        asked(config(tmp_path, "https://127.0.0.1:1", {}, **{"certificate-authority": "ca.pem"}))


def test_the_clusters_own_proxy_is_used(tmp_path: Path) -> None:
    with serving() as proxy:
        told = asked(config(tmp_path, "http://cluster.example", {"token": "mine"}, **{"proxy-url": proxy}))
        assert told["path"] == "http://cluster.example/version"
    with pytest.raises(Unauthenticated, match="speaks no HTTP"):
        asked(config(tmp_path, "http://cluster.example", {}, **{"proxy-url": "socks5://127.0.0.1:1"}))


def test_inside_a_pod_its_own_service_account_is_used(
    tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("of the pod")
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    monkeypatch.setattr(link_module, "SERVICE_ACCOUNT", tmp_path)
    with serving(called_so(authority, tmp_path, "127.0.0.1")) as url:
        host, _, port = url.removeprefix("https://").partition(":")
        env = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": port, "HOME": "/nonexistent"}
        assert asked(env)["token"] == "of the pod"


def test_without_a_reader_of_yaml_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(link_module.EXTRA), "is_missing", lambda _: True)
    with pytest.raises(NotInstalled, match=r"im-instances\[kubernetes\]"):
        asked(config(tmp_path, "http://127.0.0.1:1", {}))
