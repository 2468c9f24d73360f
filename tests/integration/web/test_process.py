"""`im web` as a process: it serves, refuses what it must not listen on, and ends at once."""

from __future__ import annotations

import http.client
import signal
import socket
import subprocess
import sys

import pytest

from tests.waiting import until

IM = [sys.executable, "-P", "-m", "im.cli.main", "web"]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def _environment(database_url: str, port: int, **more: str) -> dict[str, str]:
    return {
        "IM_DATABASE_URL": database_url,
        "IM_BROKER_URL": "redis://127.0.0.1:1/0",
        "IM_WEB_PORT": str(port),
        "HOME": "/nonexistent",
        **more,
    }


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 0), pytest.param(signal.SIGINT, 130, marks=pytest.mark.long)]
)
def test_im_web_serves_until_it_is_ended(database_url: str, number: signal.Signals, status: int) -> None:
    port = _free_port()
    with subprocess.Popen(IM, env=_environment(database_url, port), stderr=subprocess.PIPE, text=True) as running:
        until("an answer", lambda: _answers(port) or running.poll() is not None)
        with socket.create_connection(("127.0.0.1", port)):  # whoever holds a connection open holds nobody up
            running.send_signal(number)
            _, told = running.communicate(timeout=30)
        assert running.returncode == status, told
        assert "Traceback" not in told


def test_it_does_not_listen_to_everybody_without_a_name(database_url: str) -> None:
    env = _environment(database_url, _free_port(), IM_WEB_HOST="0.0.0.0")  # noqa: S104  # which is refused
    done = subprocess.run(IM, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("im: im web does not listen on 0.0.0.0 without a name for it. Next: set IM_WEB_URL")


def test_it_does_not_listen_to_everybody_as_long_as_nobody_can_sign_in(database_url: str) -> None:
    named = {"IM_WEB_HOST": "0.0.0.0", "IM_WEB_URL": "https://im.example.com"}  # noqa: S104  # which is refused
    env = _environment(database_url, _free_port(), **named)
    done = subprocess.run(IM, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(
        "im: im web does not listen on 0.0.0.0 as long as nobody can sign in. Next: im user add"
    )


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("IM_WEB_URL", "http://im.example.com"),
        ("IM_WEB_URL", "https://im.example.com/path"),
        ("IM_WEB_URL", "https://ada:pass@im.example.com"),
        ("IM_WEB_URL", "im.example.com"),
        ("IM_OIDC_ISSUER", "http://accounts.example.com"),
        ("IM_OIDC_ISSUER", "accounts"),
        ("IM_OIDC_DOMAINS", "*.example.com"),
        ("IM_OIDC_NEW_USERS", "root"),
        ("IM_OIDC_ROLES", "root=wheel"),
    ],
)
def test_a_setting_that_would_let_strangers_in_is_refused_by_its_name(variable: str, value: str) -> None:
    env = _environment("postgresql://127.0.0.1:1/none", _free_port(), **{variable: value})
    done = subprocess.run(IM, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, variable in done.stderr) == (2, True), done.stderr
    assert "pass" not in done.stderr


def test_a_port_that_is_taken_is_told(database_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            IM, env=_environment(database_url, port), capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.returncode, done.stdout) == (2, "")
    assert f"127.0.0.1:{port} cannot be listened on" in done.stderr


def test_without_a_database_it_says_what_to_do() -> None:
    done = subprocess.run(IM, env={"HOME": "/nonexistent"}, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("im: no database is named and no local stack is running. Next: `im up`")
