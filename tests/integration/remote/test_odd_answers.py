"""What answers at the address is no im, or not all of it: told in plain words, in one line, whatever it is."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner

from im.cli.main import im
from im.cli.session import Session
from tests.integration.remote.conftest import TOKEN, Odd, answer, ask

Serve = Callable[[Callable[[int], bytes | None]], Odd]
PROBLEM = json.dumps(
    {"detail": "too many looks in a short time", "code": "too_many_requests", "exit": 1, "next": "wait 1 s"}
)
FAULT = json.dumps({"detail": "something went wrong here that nobody foresaw", "code": "unforeseen", "exit": 1})

ODD: dict[str, tuple[bytes | None, str]] = {
    "a proxy's page": (
        answer(b"<html>sign in to the hotel</html>", kind="text/html", version=""),
        "is not im (200, text/html)",
    ),
    "a proxy without its server": (
        answer(b"<html>", status="502 Bad Gateway", kind="text/html", version=""),
        "is not im (502, text/html)",
    ),
    "half an answer": (answer(b'{"items": ["a')[:-4], "its answer broke off"),
    "no JSON": (answer(b'{"items": '), "is not im (200, application/json)"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", "it does not speak HTTP as im does"),
    "nothing": (None, "it closed the connection"),
    "another's documents": (answer(b'{"items": [{"id": 1}], "next": null}'), "does not understand"),
    "a list": (answer(b"[]"), "does not understand"),
    "a redirect": (
        b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/x?y\r\nContent-Length: 0\r\n\r\n",
        "a redirect to https://elsewhere.example, where your token is not sent",
    ),
    "asked to wait for ever": (answer(PROBLEM.encode(), status="429 Too Many Requests"), "too many looks"),
    "a fault of the server's own": (
        answer(FAULT.encode(), status="500 Internal Server Error", kind="application/problem+json", version=""),
        "something went wrong here that nobody foresaw",
    ),
    "another release": (
        answer(b"{}", status="422 Unprocessable", version="0.7.1"),
        "runs 0.7.1: more than one minor release apart",
    ),
}


@pytest.mark.parametrize("what", ODD)
@pytest.mark.parametrize("words", ["list", "status web --json", "cost", "gc -y"])
def test_whatever_answers_a_look_ends_in_one_line(odd: Serve, what: str, words: str) -> None:
    says, told = ODD[what]
    server = odd(lambda _: says)
    done = ask(server.place, *words.split())
    assert done.exit_code in (1, 2)
    assert (done.stdout, len(done.stderr.splitlines())) == ("", 1), done.stderr
    if "--json" in words:
        assert json.loads(done.stderr)["error"]["exit"] == done.exit_code
    assert told in done.stderr
    assert TOKEN not in done.stderr
    assert "Traceback" not in done.stderr
    assert all(b"elsewhere" not in one for one in server.heard)


@pytest.mark.parametrize(
    "what",
    [
        "a proxy's page",
        "half an answer",
        "no JSON",
        "nothing",
        "a proxy without its server",
        "a fault of the server's own",
    ],
)
def test_of_a_request_it_is_said_that_nobody_knows(odd: Serve, what: str, key: str) -> None:
    server = odd(lambda _: ODD[what][0])
    done = ask(server.place, "create", "--public-key", key, "--no-wait")
    assert done.exit_code == 1
    assert "nothing was stored" not in done.stderr
    assert "may be stored" in done.stderr or "nobody knows" in done.stderr


def test_who_never_answers_is_not_waited_for_without_end(odd: Serve) -> None:
    server = odd(lambda _: b"")
    done = ask(server.place, "list", patience=0.1)
    assert (done.exit_code, "no answer within seconds" in done.stderr) == (1, True)


def test_what_was_taken_and_cannot_be_read_is_not_called_lost(odd: Serve, key: str) -> None:
    server = odd(lambda _: answer(b'{"items": [{}], "now": "x"}', status="202 Accepted"))
    done = ask(server.place, "create", "--public-key", key, "--no-wait")
    assert (done.exit_code, "what was asked for is stored" in done.stderr) == (1, True)


@pytest.mark.sampled(every=2)
@pytest.mark.parametrize("words", ["doctor", "doctor --json"])
@pytest.mark.parametrize("what", ODD)
def test_the_doctor_never_dies_of_it(odd: Serve, what: str, words: str) -> None:
    server = odd(lambda _: ODD[what][0])
    done = CliRunner().invoke(im, words.split(), obj=Session(place=server.place), prog_name="im")
    assert done.exit_code == 1
    assert "Traceback" not in done.output
    if "--json" in words:
        assert json.loads(done.stdout)["ok"] is False
    else:
        assert "FAIL" in done.stdout
