"""The stack serves the page: a link that is typed for signs a browser in, and what it then shows and does is the stack's own."""

from __future__ import annotations

import http.client
import json
from http.cookies import SimpleCookie
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.e2e.conftest import StackUnderTest


def _ask(
    port: int, method: str, path: str, cookie: str = "", form: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Status, body and the cookie that is to be kept."""
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin", **({"Cookie": cookie} if cookie else {})}
    body = None if form is None else urlencode(form)
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told = SimpleCookie(answer.headers.get("Set-Cookie", ""))
        kept = "; ".join(f"{name}={one.value}" for name, one in told.items() if one.value)
        return answer.status, answer.read().decode(), kept
    finally:
        connection.close()


def test_the_page_is_there_and_a_link_signs_a_browser_in(stack: StackUnderTest) -> None:
    port = int(stack.running().named["web_port"])
    assert f"http://127.0.0.1:{port}" in stack.run("up").stdout
    assert _ask(port, "GET", "/")[0] == 303
    made = stack.run("web", "link")
    assert (made.returncode, "nothing answers" in made.stderr) == (0, False), made.stderr
    url = urlsplit(made.stdout.strip())
    assert (url.hostname, url.port, url.path) == ("127.0.0.1", port, "/enter")
    secret = parse_qs(url.query)["link"][0]
    status, _, cookie = _ask(port, "POST", "/enter", form={"link": secret})
    assert (status, cookie.startswith(f"im-{port}=")) == (303, True)
    status, page, _ = _ask(port, "GET", "/", cookie)
    assert status == 200
    assert "sandbox" in page
    flower = stack.running().named["flower_url"]
    assert f"http://{flower.partition('@')[2]}" in page, "Flower is linked"
    assert flower.partition("@")[0].rpartition(":")[2] not in page, "without its password"
    (signed_in,) = json.loads(stack.run("session", "--json").stdout)
    assert stack.run("session", "end", signed_in["id"]).returncode == 0
    assert _ask(port, "GET", "/", cookie)[0] == 303
    logs = "".join(log.read_text(errors="replace") for log in stack.local.layout.logs.iterdir())
    assert secret not in logs
    assert cookie.partition("=")[2] not in logs
