"""Who we are to Google, by its own library (google-auth), which is imported when a token is first needed.

Application Default Credentials in Google's order (a file that a variable names, gcloud's own file, the machine's service account),
or the file that an account names; on behalf of another service account where one is to be impersonated.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from threading import Lock
from typing import Any

from im.domain.config.account import Account
from im.providers.errors import Forbidden, ProviderError, Unauthenticated, Unavailable
from im.providers.gcp.account import EXTRA, MISSING, TOKEN, project_of
from im.providers.kit.text import scrubbed

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Credentials:
    """Of one account. Safe to be used by many threads."""

    def __init__(self, account: Account, env: Mapping[str, str] | None = None) -> None:
        self._account, self._env = account, os.environ if env is None else env
        self._lock = Lock()
        self._made: Any = None
        self._machines_project = ""

    def project(self) -> str:
        """The project's id; where nothing names one, that of the machine at Google that this runs on. Raises Unauthenticated."""
        if named := project_of(self._account, self._env) or self._machines_project:
            return named
        if not self._env.get(TOKEN):
            self.headers()  # whoever finds the credentials finds the project with them
            if self._machines_project:
                return self._machines_project
        raise Unauthenticated("no project of Google Cloud is known to this worker: set GOOGLE_CLOUD_PROJECT there")

    def headers(self) -> dict[str, str]:
        """What proves each call. Raises ProviderError."""
        if token := self._env.get(TOKEN):
            return {"Authorization": f"Bearer {token}"}
        with self._lock:
            google = _google()
            try:
                if self._made is None:
                    self._made = self._make(google)
                if not self._made.valid:
                    self._made.refresh(google.Request())
            except google.errors.DefaultCredentialsError as exc:
                raise Unauthenticated(f"no credentials of Google Cloud are known to this worker: {MISSING}") from exc
            except google.errors.GoogleAuthError as exc:
                raise _refused(google, exc) from exc
            except (OSError, ValueError) as exc:
                raise Unauthenticated(f"the credentials of Google Cloud cannot be read ({type(exc).__name__})") from exc
            headers: dict[str, str] = {}
            self._made.apply(headers)
        return {name.title(): value for name, value in headers.items()}

    def forget(self) -> None:
        """What we had was refused: the next call asks for a new token."""
        with self._lock:
            self._made = None

    def _make(self, google: _Google) -> Any:
        path = self._account.credentials.get("credentials", "")
        if path:
            with (
                warnings.catch_warnings()
            ):  # it warns of files that strangers bring; this one is named by whoever runs us
                warnings.simplefilter("ignore", DeprecationWarning)
                made, _ = google.load(os.path.expanduser(path), scopes=[SCOPE])
        else:
            made, project = google.default(scopes=[SCOPE])
            self._machines_project = str(project or "")
        if whom := self._account.credentials.get("impersonate"):
            return google.Impersonated(made, target_principal=whom, target_scopes=[SCOPE])
        return made


class _Google:
    """The parts of google-auth that we use."""

    def __init__(self) -> None:
        from google.auth import default, exceptions, impersonated_credentials, load_credentials_from_file
        from google.auth.transport.requests import Request

        self.default: Any = default
        self.load: Any = load_credentials_from_file
        self.errors: Any = exceptions
        self.Request: Any = Request
        self.Impersonated: Any = impersonated_credentials.Credentials


def _google() -> _Google:
    try:
        return _Google()
    except ImportError as exc:
        raise EXTRA.missing("Google Cloud") from exc


def _refused(google: _Google, exc: Exception) -> ProviderError:
    """A token was not given: because the service is ill, because we may not, or because nobody knows us."""
    told = scrubbed(str(exc.args[0] if exc.args else exc))
    if isinstance(exc, google.errors.TransportError) or getattr(exc, "retryable", False):
        return Unavailable(f"Google gave no token: {told}")
    if "PERMISSION_DENIED" in str(exc):
        return Forbidden(
            f"Google gave no token: {told}; it takes roles/iam.serviceAccountTokenCreator on the other account"
        )
    return Unauthenticated(f"Google gave no token: {told}")
