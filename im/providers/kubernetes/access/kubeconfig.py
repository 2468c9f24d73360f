"""A context of a kubeconfig: which cluster, as whom, in which namespace. Offline.

Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/. Of several files the first that
names a thing wins, and a relative path is relative to the file that it stands in.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from im.domain.errors import Refused

VARIABLE = "KUBECONFIG"
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its own token, the cluster's certificate, and the name of its namespace."""


@dataclass(frozen=True, slots=True)
class Part:
    """A cluster or a user as its file has it, and the folder of that file."""

    said: Mapping[str, Any]
    folder: Path

    def path(self, word: str) -> Path | None:
        text = str(self.said.get(word) or "")
        return self.folder / Path(text).expanduser() if text else None

    def content(self, word: str) -> bytes | None:
        """`WORD-data` beats the path. Raises Refused for a file that cannot be read."""
        data = self.said.get(f"{word}-data")
        if data:
            try:
                return base64.b64decode(str(data), validate=True)
            except (binascii.Error, ValueError):
                raise Refused(f"the kubeconfig's {word}-data is not base64", "kubectl config view  shows it") from None
        path = self.path(word)
        if path is None:
            return None
        try:
            return path.read_bytes()
        except OSError as exc:
            told = f"the file {path} that the kubeconfig names as {word} cannot be read"
            raise Refused(told, "mend it there, or run the workers where it is") from exc


@dataclass(frozen=True, slots=True)
class Context:
    """One way into one cluster."""

    name: str
    server: str
    namespace: str
    cluster: Part = field(repr=False)
    user: Part = field(repr=False)


def files(env: Mapping[str, str], named: str = "") -> list[Path]:
    """Those that are read: the one that is named, those of KUBECONFIG, or the usual one."""
    if named:
        return [Path(named).expanduser()]
    if env.get(VARIABLE):
        return [Path(one).expanduser() for one in env[VARIABLE].split(":") if one]
    return [Path(env.get("HOME") or "/nonexistent") / ".kube" / "config"]


def context_of(env: Mapping[str, str], named: str = "", context: str = "") -> Context:
    """The context that is named, or the current one, of these files. Raises Refused with what there is."""
    read = [(path, _read(path)) for path in files(env, named)]
    there = [one for one in read if one[1]]
    if not there:
        where = ", ".join(str(path) for path, _ in read)
        raise Refused(
            f"there is no kubeconfig at {where}", f"set {VARIABLE}, or kubeconfig in the account's declaration"
        )
    current = context or next((str(told["current-context"]) for _, told in there if told.get("current-context")), "")
    contexts = _named(there, "contexts", "context")
    if current not in contexts:
        known = ", ".join(sorted(contexts)[:8]) or "none"
        told = f"the kubeconfig has no context {current[:60]}" if current else "the kubeconfig has no current context"
        raise Refused(told, f"there are: {known}; kubectl config use-context NAME  chooses one")
    chosen = contexts[current].said
    cluster = _part(there, "clusters", "cluster", str(chosen.get("cluster") or ""), current)
    user = Part({}, Path()) if not chosen.get("user") else _part(there, "users", "user", str(chosen["user"]), current)
    server = str(cluster.said.get("server") or "")
    if not server.startswith(("http://", "https://")):
        raise Refused(f"the cluster of the context {current[:60]} has no server", "kubectl config view  shows it")
    return Context(current, server.rstrip("/"), str(chosen.get("namespace") or ""), cluster, user)


def _part(there: Sequence[tuple[Path, Mapping[str, Any]]], section: str, word: str, name: str, context: str) -> Part:
    found = _named(there, section, word).get(name)
    if found is None:
        raise Refused(
            f"the context {context[:60]} names the {word} {name[:60]}, which is not there", "kubectl config view"
        )
    return found


def _named(there: Sequence[tuple[Path, Mapping[str, Any]]], section: str, word: str) -> dict[str, Part]:
    found: dict[str, Part] = {}
    for path, told in there:
        for one in told.get(section) or []:
            if isinstance(one, Mapping) and isinstance(one.get(word), Mapping):
                found.setdefault(str(one.get("name")), Part(one[word], path.parent))
    return found


def _read(path: Path) -> Mapping[str, Any]:
    """Nothing, of a file that is not there; kubectl passes over it too."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, RuntimeError):
        return {}
    try:
        import yaml
    except ImportError as exc:
        raise Refused(
            "a kubeconfig is YAML, and nothing here reads it", "pip install 'im-instances[kubernetes]'"
        ) from exc
    try:
        told = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except yaml.YAMLError as exc:
        raise Refused(f"the kubeconfig {path} is no YAML", "kubectl config view  says where") from exc
    return told if isinstance(told, Mapping) else {}
