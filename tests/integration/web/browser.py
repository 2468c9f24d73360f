"""A browser, as far as a server can tell: it keeps cookies, follows nothing unasked, and says where a request comes from."""

from __future__ import annotations

from http.client import HTTPConnection
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlencode

from tests.integration.web.conftest import Api, Said


class Browser:
    def __init__(self, api: Api, host: str = "") -> None:
        self.api = api
        self.host = host or f"127.0.0.1:{api.port}"
        self.cookies: dict[str, Morsel[str]] = {}

    def get(self, path: str, **headers: str) -> Said:
        """Names of headers are written with _ for -."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, form: dict[str, str] | None = None, **headers: str) -> Said:
        """As a form of our own page is sent; `Sec_Fetch_Site=""` leaves that header out."""
        return self._ask("POST", path, urlencode(form or {}), headers)

    def sign_in(self, login: str) -> Said:
        return self.post("/sign-in", {"token": self.api.tokens[login]})

    @property
    def cookie(self) -> str:
        """The secret of the session; empty without one."""
        return next((one.value for name, one in self.cookies.items() if not name.endswith("-oidc")), "")

    def hold(self, secret: str) -> None:
        """A cookie that somebody else has put there."""
        self.cookies = {}
        self._take(f"im-{self.api.port}={secret}; Path=/")

    def me(self, **headers: str) -> Said:
        return self.get("/api/v1/me", **headers)

    def _ask(self, method: str, path: str, body: str | None, given: dict[str, str]) -> Said:
        headers = {"Host": self.host, "Sec-Fetch-Site": "same-origin"}
        headers |= {name.replace("_", "-"): value for name, value in given.items()}
        if body is not None:
            headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        if self.cookies:
            headers.setdefault("Cookie", "; ".join(f"{name}={one.value}" for name, one in self.cookies.items()))
        connection = HTTPConnection("127.0.0.1", self.api.port, timeout=30)
        try:
            connection.request(method, path, body, {name: value for name, value in headers.items() if value})
            answer = connection.getresponse()
            said = Said(answer.status, answer.headers, answer.read().decode())
        finally:
            connection.close()
        for told in said.headers.get_all("Set-Cookie") or ():
            self._take(told)
        return said

    def _take(self, told: str) -> None:
        for name, one in SimpleCookie(told).items():
            if one["max-age"] == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = one
