"""Credentials from a program that the kubeconfig names, as EKS, GKE and AKS give them.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from im.domain.errors import Refused
from im.providers.errors import Unauthenticated
from im.providers.kit.text import scrubbed
from im.providers.kubernetes.access.kubeconfig import Context

VERSIONS = tuple(f"client.authentication.k8s.io/{version}" for version in ("v1", "v1beta1"))
WITHIN = 30.0
"""Seconds that a program may take; nobody is there to answer what it asks."""
_EARLY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Credential:
    token: str = ""
    pair: tuple[bytes, bytes] | None = None
    """Certificate and key."""
    until: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        return self.until is None or now < self.until - _EARLY


class Plugin:
    """Of one context. What it said is kept until shortly before it expires."""

    def __init__(self, context: Context, env: Mapping[str, str]) -> None:
        said = context.user.said.get("exec")
        if not isinstance(said, Mapping) or not said.get("command"):
            raise Refused(f"the context {context.name} names no program for its credentials", "kubectl config view")
        if said.get("apiVersion") not in VERSIONS:
            told = f"the program of the context {context.name} speaks {str(said.get('apiVersion'))[:60]}"
            raise Refused(told, f"im speaks {' and '.join(VERSIONS)}; renew the kubeconfig")
        if said.get("interactiveMode") == "Always":
            told = f"the program of the context {context.name} asks somebody, and where workers run nobody is there"
            raise Refused(told, "use the token of a service account: docs/clouds/kubernetes.md")
        self._said, self._context, self._env = said, context, env
        self._lock = Lock()
        self._kept: Credential | None = None

    def credential(self) -> Credential:
        """Raises Unauthenticated, with the program's own words."""
        with self._lock:
            if self._kept is None or not self._kept.is_good(datetime.now(UTC)):
                self._kept = self._run()
            return self._kept

    def _run(self) -> Credential:
        name = str(self._said["command"])
        command = str(self._context.user.folder / name) if "/" in name else name
        given = [one for one in self._said.get("env") or [] if isinstance(one, Mapping)]
        env = {**self._env, **{str(one.get("name")): str(one.get("value", "")) for one in given}}
        env["KUBERNETES_EXEC_INFO"] = json.dumps(self._info())
        try:
            done = subprocess.run(
                [command, *map(str, self._said.get("args") or [])],
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=WITHIN,
                check=False,
            )
        except FileNotFoundError as exc:
            hint = scrubbed(str(self._said.get("installHint") or "install it where the workers run")).strip()
            raise Unauthenticated(f"there is no {Path(name).name} where this worker runs: {hint}") from exc
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise Unauthenticated(f"{Path(name).name} gave no credentials ({type(exc).__name__})") from exc
        if done.returncode:
            says = scrubbed(done.stderr.decode(errors="replace").strip()[-300:])
            raise Unauthenticated(
                f"{Path(name).name} gave no credentials: {says or f'it ended with {done.returncode}'}"
            )
        return self._read(done.stdout, Path(name).name)

    def _info(self) -> dict[str, Any]:
        spec: dict[str, Any] = {"interactive": False}
        if self._said.get("provideClusterInfo") is True:
            cluster = {"server": self._context.server, **self._context.cluster.said}
            words = ("server", "tls-server-name", "insecure-skip-tls-verify", "certificate-authority-data", "proxy-url")
            spec["cluster"] = {word: cluster[word] for word in words if word in cluster}
        return {"apiVersion": self._said["apiVersion"], "kind": "ExecCredential", "spec": spec}

    def _read(self, text: bytes, name: str) -> Credential:
        """What it said is never repeated: it is the secret itself."""
        try:
            told = json.loads(text)
            status = told["status"]
            same = told["apiVersion"] == self._said["apiVersion"] and told["kind"] == "ExecCredential"
            certificate, key = status.get("clientCertificateData"), status.get("clientKeyData")
            until = status.get("expirationTimestamp")
            made = Credential(
                str(status.get("token") or ""),
                (str(certificate).encode(), str(key).encode()) if certificate and key else None,
                datetime.fromisoformat(until).astimezone(UTC) if until else None,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise Unauthenticated(f"{name} said nothing that is a credential") from None
        if not same or not (made.token or made.pair):
            raise Unauthenticated(f"{name} said nothing that is a credential")
        return made
