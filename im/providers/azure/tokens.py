"""Tokens by Azure's own library, which is loaded when the first one is needed; and what its failures mean.

It tells an outage of the token service as wrong credentials (`ClientAuthenticationError` after five calls that were answered by
429 or 503): so the answer inside is looked at.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.azure.account import EXTRA, MISSING, principal_of, secret_of
from im.providers.errors import ProviderError, Unauthenticated, Unavailable
from im.providers.kit.text import scrubbed

_EARLY = 300.0
"""Seconds before its end that a token is renewed."""


class Tokens:
    """One account's token for the Resource Manager at `url`, made when it is first asked for. Safe to be used by many threads."""

    def __init__(self, account: Callable[[], Account], url: str) -> None:
        self._account, self._scope = account, f"{url}/.default"
        self._lock = Lock()
        self._made_for: Account | None = None
        self._credential: Any = None
        self._token, self._until = "", 0.0

    def __call__(self) -> str:
        """Raises Unauthenticated, or Unavailable when nobody answers."""
        with self._lock:
            account = self.account()
            if account != self._made_for or account.credentials != (
                self._made_for.credentials if self._made_for else {}
            ):
                self._credential, self._made_for, self._token = _credential(account), account, ""
            if not self._token or time.time() > self._until - _EARLY:
                self._renew()
            return self._token

    def forget(self) -> None:
        """The token was refused: the next call asks for another."""
        with self._lock:
            self._token, self._made_for = "", None

    def account(self) -> Account:
        """Raises Unauthenticated where the settings have none of that name."""
        try:
            return self._account()
        except Refused as exc:
            raise Unauthenticated(f"{exc.message} in the settings of this worker ({exc.hint})") from exc

    def _renew(self) -> None:
        from azure.core.exceptions import AzureError

        try:
            got = self._credential.get_token(self._scope)
        except AzureError as exc:
            raise _meaning(exc) from exc
        except ValueError as exc:
            raise Unauthenticated(f"Azure's library does not take these credentials: {scrubbed(str(exc))}") from exc
        self._token, self._until = got.token, float(got.expires_on)


def _credential(account: Account) -> Any:
    try:
        from azure import identity
    except ImportError as exc:
        raise EXTRA.missing("Azure") from exc
    logging.getLogger("azure.identity").setLevel(logging.ERROR)  # it tells each way it tries, and that is no news
    words = account.credentials
    try:
        return _made(identity, account, words)
    except (ValueError, OSError) as exc:
        raise Unauthenticated(f"Azure's library does not take these credentials: {scrubbed(str(exc))}") from exc
    except Refused as exc:
        raise Unauthenticated(f"{exc.message} ({exc.hint})") from exc


def _made(identity: Any, account: Account, words: Any) -> Any:
    if "certificate" in words:
        return identity.CertificateCredential(words["tenant"], words["client_id"], words["certificate"])
    if "tenant" in words:
        secret = secret_of(account, os.environ)
        if not secret:
            raise Unauthenticated(f"the account {account.name} has no secret on this machine: {MISSING}")
        return identity.ClientSecretCredential(words["tenant"], words["client_id"], secret)
    match words.get("use"):
        case "cli":
            return identity.AzureCliCredential()
        case "environment":
            return identity.EnvironmentCredential()
        case "managed-identity":
            return identity.ManagedIdentityCredential(client_id=words.get("client_id"))
        case "workload-identity":
            return identity.WorkloadIdentityCredential()
        case _:
            beginning, proof = principal_of(os.environ)
            if beginning == "ARM_":
                return _of_terraform(identity, proof, os.environ)
            # nobody sits before a worker who could be asked, or whose editor is signed in
            return identity.DefaultAzureCredential(
                exclude_interactive_browser_credential=True,
                exclude_visual_studio_code_credential=True,
                exclude_shared_token_cache_credential=True,
                exclude_broker_credential=True,
            )


def _of_terraform(identity: Any, proof: str, env: Mapping[str, str]) -> Any:
    """Azure's library does not read these: https://registry.terraform.io/providers/hashicorp/azurerm/latest/docs"""
    tenant, client = env["ARM_TENANT_ID"], env["ARM_CLIENT_ID"]
    if proof == "ARM_CLIENT_SECRET":
        return identity.ClientSecretCredential(tenant, client, env[proof])
    if proof == "ARM_CLIENT_CERTIFICATE_PATH":
        password = env.get("ARM_CLIENT_CERTIFICATE_PASSWORD") or None
        return identity.CertificateCredential(tenant, client, env[proof], password=password)
    return identity.WorkloadIdentityCredential(tenant_id=tenant, client_id=client, token_file_path=env[proof])


def _meaning(exc: Any) -> ProviderError:
    """Wrong credentials, or nobody there to judge them."""
    from azure.core.exceptions import ClientAuthenticationError, HttpResponseError

    told = scrubbed(str(exc).partition("\n")[0])
    status = getattr(exc, "status_code", None) or getattr(getattr(exc, "response", None), "status_code", None)
    if status == 429 or (status is not None and status >= 500):
        return Unavailable(f"Azure's sign-in is ill ({status})")
    if isinstance(exc, ClientAuthenticationError) or (isinstance(exc, HttpResponseError) and status is not None):
        return Unauthenticated(f"Azure does not sign us in: {told} ({MISSING})")
    return Unavailable(f"Azure's sign-in cannot be reached: {told}")
