"""The way from an account's words to calls that a cluster lets in: certificates, tokens that rotate, proxies."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic
from typing import Any

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.errors import Unauthenticated
from im.providers.kit.http import JsonApi, make_pool
from im.providers.kubernetes.access.kubeconfig import SERVICE_ACCOUNT, Context
from im.providers.kubernetes.access.plugin import Plugin
from im.providers.kubernetes.account import EXTRA, HOST, PORT, context, is_inside
from im.providers.kubernetes.api import Link
from im.providers.kubernetes.errors import CLOUD, translate

_FRESH = 60.0
"""Seconds that a token read from a file is believed: tokens of service accounts are replaced in place."""

Token = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Way:
    """Where a cluster answers, and what has to be shown there."""

    url: str
    headers: Callable[[], Mapping[str, str]] = dict
    """Asked for at each call: a token may have been replaced."""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    name: str = ""
    """The one that its certificate has to bear, where that is not the address's."""
    proxy: str = ""
    until: datetime | None = None
    """When the certificate ends that a program has given."""

    def json(self) -> JsonApi:
        tls: dict[str, Any] = {} if self.tls is None else {"ssl_context": self.tls}
        if self.tls is not None and self.name:
            tls |= {"server_hostname": self.name, "assert_hostname": self.name}
        return JsonApi(self.url, self.headers, translate, CLOUD, make_pool(self.url, proxy=self.proxy, **tls))


def way_of(account: Account, env: Mapping[str, str]) -> Way:
    """Reads what the account names, and runs the program that its context names. Raises Refused, Unauthenticated."""
    if is_inside(account, env):
        host = env.get(HOST, "")
        at = f"[{host}]" if ":" in host else host
        url = f"https://{at}:{env.get(PORT, '443')}"
        return Way(url, _bearer(_file(SERVICE_ACCOUNT / "token")), _tls(str(SERVICE_ACCOUNT / "ca.crt"), None))
    if EXTRA.is_missing():
        raise EXTRA.missing(CLOUD)
    one = context(account, env)
    return _outside(one, Plugin(one, env) if "exec" in one.user.said else None)


def link_of(account: Callable[[], Account], env: Mapping[str, str]) -> Link:
    """Nothing is read before the first call."""
    reach = _Reach(account, env)
    return Link(reach.json, reach.forget)


class _Reach:
    def __init__(self, account: Callable[[], Account], env: Mapping[str, str]) -> None:
        self._account, self._env = account, env
        self._lock = Lock()
        self._made: JsonApi | None = None
        self._until: datetime | None = None

    def json(self) -> JsonApi:
        with self._lock:
            if self._until is not None and datetime.now(UTC) >= self._until:
                self._made = None
            if self._made is None:
                try:
                    self._made = self._make()
                except Refused as exc:
                    raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc
            return self._made

    def forget(self) -> None:
        """Everything is read anew: whoever replaced a certificate or a kubeconfig need not start a worker again."""
        with self._lock:
            self._made = None

    def _make(self) -> JsonApi:
        way = way_of(self._account(), self._env)
        self._until = way.until
        return way.json()


def _outside(one: Context, plugin: Plugin | None) -> Way:
    if "auth-provider" in one.user.said:
        told = (
            f"the context {one.name} gets its credentials in a way that kubectl itself no longer knows (auth-provider)"
        )
        raise Refused(told, "renew the kubeconfig, or use the token of a service account: docs/clouds/kubernetes.md")
    pair = plugin.credential() if plugin else None
    proxy = str(one.cluster.said.get("proxy-url") or "")
    if proxy and not proxy.startswith(("http://", "https://")):
        raise Refused(f"the proxy of the context {one.name} speaks no HTTP", "name one as http://HOST:PORT")
    return Way(
        one.server,
        _headers(one, plugin),
        _tls_of(one, plugin) if one.server.startswith("https://") else None,
        str(one.cluster.said.get("tls-server-name") or ""),
        proxy,
        pair.until if pair is not None and pair.pair is not None else None,
    )


def _headers(one: Context, plugin: Plugin | None) -> Callable[[], Mapping[str, str]]:
    if plugin is not None:

        def proven() -> Mapping[str, str]:
            token = plugin.credential().token
            return {"Authorization": f"Bearer {token}"} if token else {}

        return proven
    path = one.user.path("tokenFile")
    if path is not None:
        return _bearer(_file(path))
    token = str(one.user.said.get("token") or "")
    return _bearer(lambda: token) if token else dict


def _bearer(token: Token) -> Callable[[], Mapping[str, str]]:
    return lambda: {"Authorization": f"Bearer {token()}"}


def _file(path: Path) -> Token:
    kept: list[tuple[float, str]] = []

    def token() -> str:
        if not kept or monotonic() - kept[-1][0] > _FRESH:
            try:
                kept[:] = [(monotonic(), path.read_text(encoding="utf-8").strip())]
            except (OSError, UnicodeDecodeError) as exc:
                raise Unauthenticated(f"the token in {path} cannot be read by this worker") from exc
        return kept[-1][1]

    return token


def _tls_of(one: Context, plugin: Plugin | None) -> ssl.SSLContext:
    authority = one.cluster.content("certificate-authority")
    pair = plugin.credential().pair if plugin is not None else None
    certificate, key = one.user.content("client-certificate"), one.user.content("client-key")
    if certificate is not None and key is not None:
        pair = (certificate, key)
    made = _tls(None if authority is None else authority.decode("ascii", "replace"), pair, data=True)
    if one.cluster.said.get("insecure-skip-tls-verify") is True:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def _tls(authority: str | None, pair: tuple[bytes, bytes] | None, *, data: bool = False) -> ssl.SSLContext:
    """`authority`: a file, or with `data` what stands in one; None: those that the machine trusts."""
    try:
        if authority is None:
            made = ssl.create_default_context()
        else:
            made = (
                ssl.create_default_context(cadata=authority) if data else ssl.create_default_context(cafile=authority)
            )
        if pair is not None:
            _load(made, *pair)
    except (OSError, ValueError) as exc:  # an SSLError is the former
        raise Refused(
            f"a certificate cannot be used ({type(exc).__name__})", "kubectl get namespace  tries the same"
        ) from exc
    return made


def _load(made: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Python reads them from files alone: in a folder of our own, gone again at once."""
    with tempfile.TemporaryDirectory() as folder:
        files: list[str] = []
        for name, content in (("certificate", certificate), ("key", key)):
            path = Path(folder) / name
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
                out.write(content)
            files.append(str(path))
        made.load_cert_chain(files[0], files[1])
