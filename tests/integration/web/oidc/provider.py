"""An identity provider over real HTTP, with a hand in what it signs."""

from __future__ import annotations

import base64
import json
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import authlib.deprecate
import flask
import httpx2
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

with warnings.catch_warnings():  # it speaks to its own library as of a year ago
    warnings.simplefilter("ignore", authlib.deprecate.AuthlibDeprecationWarning)
    import oidc_provider_mock


class Provider:
    """`oidc-provider-mock`; a test may change the claims, the header or the key of what is signed, or take a part away."""

    def __init__(self) -> None:
        self._app = oidc_provider_mock.app()
        self._asked = httpx2.Client()
        self.url = ""
        self.claims: dict[str, object | None] = {}
        """Put over what it would say; None takes a claim away."""
        self.header: dict[str, str] = {}
        self.key: RSAKey | OctKey | None = None
        self.document: dict[str, object] = {}
        """Put over its discovery document."""
        self.without: set[str] = set()
        """Members taken out of the token's answer."""
        self.down: set[str] = set()
        """Paths that answer 503."""
        self.asked: list[str] = []

    @property
    def own_key(self) -> RSAKey:
        with self._app.test_request_context("/"):
            self._app.preprocess_request()
            return RSAKey.import_key(flask.g.oidc_provider_mock_storage.jwk.as_dict(is_private=True))

    def knows(self, subject: str, **claims: object) -> None:
        self._asked.put(f"{self.url}/users/{subject}", json=claims).raise_for_status()

    def lets_in(self, location: str, subject: str) -> str:
        """Whoever was sent to `location` signs in there. Returns where they are sent back to, path and query."""
        answer = self._asked.post(location, data={"sub": subject}, follow_redirects=False)
        assert answer.status_code in (302, 303), answer.text
        return httpx2.URL(answer.headers["location"]).raw_path.decode()

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        self.asked.append(path)
        if path in self.down or "*" in self.down:
            return Response("away", 503)(environ, start)
        answer = Response.from_app(self._app, environ)
        if path == "/oauth2/token" and answer.status_code == 200:
            told = {key: value for key, value in answer.get_json().items() if key not in self.without}
            if "id_token" in told:
                told["id_token"] = self._meddled(told["id_token"])
            answer = Response(json.dumps(told), 200, content_type="application/json")
        elif path == "/.well-known/openid-configuration" and self.document:
            answer = Response(json.dumps({**answer.get_json(), **self.document}), content_type="application/json")
        return answer(environ, start)

    def _meddled(self, token: str) -> str:
        if not (self.claims or self.header or self.key):
            return token
        head, body, _ = token.split(".")
        header = {**_read(head), **self.header}
        claims = {key: value for key, value in {**_read(body), **self.claims}.items() if value is not None}
        if header["alg"] == "none":
            return f"{_written(header)}.{_written(claims)}."
        made: str = jwt.encode(header, claims, self.key or self.own_key, algorithms=["RS256", "HS256"])
        return made


@contextmanager
def provider() -> Iterator[Provider]:
    made = Provider()
    server = make_server("localhost", 0, made, threaded=True)
    made.url = f"http://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        made._asked.close()


def _read(part: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=="))
    return read


def _written(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
