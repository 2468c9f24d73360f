"""The identity provider, spoken to by Authlib: where it sends a browser, and what it proves of whoever comes back.

Authlib's own integration for Starlette is left out: it keeps the state of a sign-in in the browser or in a cache that once was
bound to no browser (GHSA-fg6f-75jq-6523), lets the provider's document choose the algorithms of signatures, checks the audience
only where there is no `azp`, and no nonce where a claim `nonce_supported` says so (authlib#259). Here each is checked, always.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import TYPE_CHECKING, Any, cast

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from im.address import LOOPBACK, host_of, shown
from im.domain.config.oidc import OidcSettings
from im.domain.errors import NotSignedIn, Unavailable
from im.logs import log

if TYPE_CHECKING:
    from joserfc.jwk import KeySetSerialization

PATIENCE = 8.0
"""Seconds for one answer of the provider."""
FRESH = 3600.0
"""Seconds for which its discovery document and its keys are kept; an unknown key makes them be read again."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ from ours."""
AT_ONCE, WAITS = 4, 0.5
"""So many ask the provider at a time; whoever comes on top waits for so many seconds."""
SIGNED_BY = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""By a key that the provider alone has: never by none, and never by the secret that we have too."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """Where the browser goes, and what is to be remembered until it comes back."""

    url: str
    state: str
    nonce: str
    verifier: str


class Provider:
    """One for the process; used by many threads."""

    def __init__(self, settings: OidcSettings) -> None:
        self._own = settings
        self._lock = Lock()
        self._places = BoundedSemaphore(AT_ONCE)
        self._read_at = -FRESH
        self._told: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._tls = httpx2.create_ssl_context()  # once: reading the machine's authorities takes a tenth of a second

    def leave(self, back_to: str) -> Leaving:
        """Raises Unavailable."""
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        with self._place():
            endpoint = str(self._document()["authorization_endpoint"])
            with self._client(back_to) as client:
                url, _ = client.create_authorization_url(endpoint, state=state, nonce=nonce, code_verifier=verifier)
        return Leaving(str(url), state, nonce, verifier)

    def prove(self, code: str, back_to: str, nonce: str, verifier: str) -> Mapping[str, Any]:
        """The claims of whoever came back with `code`. Raises NotSignedIn, Unavailable."""
        try:
            with self._place():
                endpoint = str(self._document()["token_endpoint"])
                with self._client(back_to) as client:
                    given = client.fetch_token(
                        endpoint, code=code, code_verifier=verifier, grant_type="authorization_code"
                    )
                    if not isinstance(given.get("id_token"), str):
                        raise self._refused("no id_token")
                    claims = self._checked(given["id_token"], nonce, given.get("access_token"))
                    return _together(claims, self._more(client, claims))
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError) as exc:
            raise self._refused(f"{type(exc).__name__}: {getattr(exc, 'error', '')}") from None
        except httpx2.HTTPError as exc:
            raise self._away(exc) from None

    @contextmanager
    def _place(self) -> Iterator[None]:
        """Of few: while the provider hangs, the threads that serve everybody else stay free. Raises Unavailable."""
        if not self._places.acquire(timeout=WAITS):
            raise Unavailable(f"{self._own.oidc_name} is slow to answer, and others are waiting for it", "try again")
        try:
            yield
        finally:
            self._places.release()

    def _checked(self, token: str, nonce: str, access_token: object) -> dict[str, Any]:
        issuer, us = self._own.oidc_issuer, self._own.oidc_client_id
        decoded = self._decoded(token)
        wanted = {"iss": {"essential": True, "value": issuer}, "aud": {"essential": True, "value": us}}
        given = {"nonce": nonce, "client_id": us, "access_token": access_token}
        claims = CodeIDToken(decoded.claims, decoded.header, wanted, given)
        claims.validate(now=int(time.time()), leeway=LEEWAY)
        if claims.get("nonce") != nonce or not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise self._refused("nonce or subject")
        return dict(claims)

    def _decoded(self, token: str) -> jwt.Token:
        # the algorithms are ours to choose: a document that lists "none" or HS256 changes nothing
        offered = self._document().get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = [one for one in offered if one in SIGNED_BY]
        try:
            return jwt.decode(token, self._key_set(), algorithms=algorithms)
        except InvalidKeyIdError:  # it has changed its keys since
            self._forget()
            return jwt.decode(token, self._key_set(), algorithms=algorithms)

    def _more(self, client: OAuth2Client, claims: Mapping[str, Any]) -> dict[str, Any]:
        """What some providers tell at their own place only, such as the address of mail. It counts for the same subject."""
        endpoint = self._document().get("userinfo_endpoint")
        if not endpoint or not client.token:
            return {}
        try:
            answer = client.get(str(endpoint))
            told = answer.json() if answer.status_code == 200 else {}
        except (httpx2.HTTPError, AuthlibBaseError, ValueError):
            return {}
        return told if isinstance(told, dict) and told.get("sub") == claims["sub"] else {}

    # ---- what it says of itself ------------------------------------------------------------------------------------------

    def _document(self) -> dict[str, Any]:
        with self._lock:
            if time.monotonic() - self._read_at > FRESH:
                told = self._get(f"{self._own.oidc_issuer.rstrip('/')}/.well-known/openid-configuration")
                if told.get("issuer") != self._own.oidc_issuer:
                    log.error("the identity provider calls itself otherwise than IM_OIDC_ISSUER does")
                    raise Unavailable(
                        f"{self._own.oidc_name} is not the provider that is configured",
                        "compare IM_OIDC_ISSUER with the issuer in its discovery document, to the last character",
                    )
                self._keys = self._keys_at(told)
                self._told, self._read_at = told, time.monotonic()
            return self._told

    def _keys_at(self, told: Mapping[str, Any]) -> KeySet:
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
            if not str(told.get(name)).startswith("https://") and not _is_here(str(told.get(name))):
                raise self._away(ValueError(name))
        try:
            return KeySet.import_key_set(cast("KeySetSerialization", self._get(told["jwks_uri"])))
        except (JoseError, ValueError, KeyError, TypeError, AttributeError) as exc:
            raise self._away(exc) from None

    def _key_set(self) -> KeySet:
        self._document()
        assert self._keys is not None
        return self._keys

    def _forget(self) -> None:
        with self._lock:
            self._read_at = -FRESH

    def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = httpx2.get(url, timeout=PATIENCE, follow_redirects=False, verify=self._tls)
            answer.raise_for_status()
            told = answer.json()
        except (httpx2.HTTPError, ValueError) as exc:
            raise self._away(exc) from None
        if not isinstance(told, dict):
            raise self._away(ValueError("no document"))
        return told

    def _client(self, back_to: str) -> OAuth2Client:
        methods = self._told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        by_post = "client_secret_basic" not in methods and "client_secret_post" in methods
        secret = self._own.oidc_client_secret or None
        return OAuth2Client(
            client_id=self._own.oidc_client_id,
            client_secret=secret,
            token_endpoint_auth_method=None if not (secret and by_post) else "client_secret_post",
            scope=self._own.oidc_scopes,
            redirect_uri=back_to,
            code_challenge_method="S256",
            timeout=PATIENCE,
            verify=self._tls,
        )

    def _refused(self, why: str) -> NotSignedIn:
        log.warning("sign-in refused", by=shown(self._own.oidc_issuer), why=why)
        return NotSignedIn(f"{self._own.oidc_name} has proved nothing of who you are", "begin again")

    def _away(self, exc: Exception) -> Unavailable:
        log.warning("identity provider", at=shown(self._own.oidc_issuer), error=type(exc).__name__)
        return Unavailable(
            f"{self._own.oidc_name} does not answer",
            "try again later, or sign in with a token or a link of im web link",
        )


def _is_here(url: str) -> bool:
    """Without TLS a name of this machine alone, as for the issuer itself."""
    return url.startswith("http://") and host_of(url.removeprefix("http://").partition("/")[0]) in LOOPBACK


def _together(proved: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """What was proved goes before what else was told. That an address is verified is said of the address beside it alone."""
    mail = proved if "email" in proved else more
    if "email_verified" not in mail and more.get("email") == mail.get("email"):
        mail = more
    told = {name: said for name, said in {**more, **proved}.items() if name not in ("email", "email_verified")}
    return told | {name: mail[name] for name in ("email", "email_verified") if name in mail}
