"""What is refused before any route: foreign hosts and pages, bodies without end, tokens that are none; and nothing is repeated."""

from __future__ import annotations

import http.client
import json
import socket

import pytest

from im.services import queries
from tests.integration.web.conftest import KEY, Api

FORM = {"public_key": KEY, "duration": "1h", "provider": "fake"}


def _nothing_was_stored(api: Api) -> bool:
    return api.ask("GET", "/api/v1/instances").body["items"] == []


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "localhost@evil.example", "[::1"])
def test_a_host_that_is_not_ours_is_refused(api: Api, host: str) -> None:
    said = api.ask("GET", "/api/v1/instances", Host=host)
    assert (said.status, said.body["code"]) == (421, "wrong_host")


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Cookie": "im=1"},
    ],
)
def test_no_page_of_another_site_changes_anything(api: Api, headers: dict[str, str]) -> None:
    said = api.ask("POST", "/api/v1/instances", FORM, **headers)
    assert (said.status, said.body["code"]) == (403, "cross_site")
    assert _nothing_was_stored(api)


def test_no_page_of_another_site_reads_an_answer(api: Api) -> None:
    said = api.ask("OPTIONS", "/api/v1/instances", Origin="https://evil.example", Access_Control_Request_Method="GET")
    assert not [name for name in said.headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize(
    "path", ["/api/v1/instances", "/api/v1/me", "/api/v1/instances/web", "/api/v1/instances/web/why"]
)
@pytest.mark.parametrize("by", [None, "x", "im_pat_" + "a" * 49, "im_pat_" + "A" * 10_000])
def test_without_a_token_nothing_is_told(api: Api, path: str, by: str | None) -> None:
    said = api.ask("GET", path, by=by)
    assert (said.status, said.body["exit"], said.headers["WWW-Authenticate"]) == (401, 4, "Bearer")
    assert "***" not in said.text
    assert by is None or by[7:] == "" or by[7:] not in said.text


def test_a_body_is_bounded_whatever_it_says_of_its_length(api: Api) -> None:
    big = json.dumps(FORM).encode() + b" " * 300_000  # nothing else is wrong with it
    assert api.ask("POST", "/api/v1/instances?dry_run=true", big.strip()).status == 200
    assert api.ask("POST", "/api/v1/instances", big).status == 413
    connection = http.client.HTTPConnection("127.0.0.1", api.port, timeout=20)
    headers = {"Authorization": f"Bearer {api.tokens['ada']}", "Content-Type": "application/json"}
    try:
        connection.request(
            "POST", "/api/v1/instances", iter([big[:200_000], big[200_000:]]), headers, encode_chunked=True
        )
        assert connection.getresponse().status >= 400
    except (http.client.HTTPException, ConnectionError):
        pass  # hung up on, which is an answer too
    finally:
        connection.close()
    assert _nothing_was_stored(api)


@pytest.mark.parametrize(
    "lengths",
    [b"Content-Length: 5\r\nContent-Length: 6\r\n", b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"],
    ids=["two", "one and chunks"],
)
def test_two_lengths_are_refused(api: Api, lengths: bytes) -> None:
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as raw:
        raw.sendall(b"POST /api/v1/instances HTTP/1.1\r\nHost: localhost\r\n" + lengths + b"\r\n0\r\n\r\n")
        assert raw.recv(4096).split(b" ")[1] == b"400"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"public_key": 1e999}', b"[" * 5000]
)
def test_what_is_no_form_is_told_so_and_not_repeated(api: Api, body: bytes) -> None:
    said = api.ask("POST", "/api/v1/instances", body)
    assert said.status in (400, 422)
    assert said.body["exit"] == 2
    assert _nothing_was_stored(api)


def test_a_secret_in_the_wrong_place_is_not_repeated(api: Api) -> None:
    secret = api.tokens["ada"]
    for said in (
        api.ask("POST", "/api/v1/instances", {**FORM, "image": 7, secret: secret}),
        api.ask("GET", f"/api/v1/instances?owner={secret}&x={secret}"),
    ):
        assert said.status == 422
        assert secret not in said.text
    lost = api.ask("GET", f"/api/v1/instances/{secret}")
    assert (lost.status, secret in lost.text) == (404, False)


@pytest.mark.parametrize("name", ["%00", "..%2f..", "a%0d%0ab", "%E2%80%AE", "x" * 300, "a b"])
def test_a_name_that_can_be_none_is_refused(api: Api, name: str) -> None:
    assert api.ask("GET", f"/api/v1/instances/{name.replace(' ', '%20')}").status in (404, 422)


def test_a_method_that_is_none_of_a_path_is_told_those_that_are(api: Api) -> None:
    said = api.ask("DELETE", "/api/v1/instances")
    assert (said.status, said.headers["Allow"]) == (405, "GET, POST")


def test_forwarded_headers_change_nothing(api: Api) -> None:
    said = api.ask(
        "GET", "/api/v1/me", X_Forwarded_Host="evil.example", X_Forwarded_For="1.2.3.4", X_Forwarded_User="root"
    )
    assert said.body["login"] == "ada"


def test_every_answer_says_how_it_is_to_be_read(api: Api) -> None:
    for said in (api.ask("GET", "/healthz", by=None), api.ask("GET", "/nothing"), api.ask("GET", "/api/v1/me")):
        assert said.headers["X-Content-Type-Options"] == "nosniff"
        assert said.headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in said.headers["Content-Security-Policy"]
        assert said.headers["X-Im-Version"]
        assert "Server" not in said.headers or "uvicorn" not in said.headers["Server"]


def test_what_nobody_foresaw_is_told_without_its_words_and_with_every_header(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("psycopg2: password=hunter2")

    monkeypatch.setattr(queries, "sight", broken)
    said = api.ask("GET", "/api/v1/holds")
    assert (said.status, said.body["code"], "hunter2" in said.text) == (500, "unforeseen", False)
    assert said.headers["X-Request-Id"] == said.body["request_id"]
    assert "default-src 'none'" in said.headers["Content-Security-Policy"]
