"""How a cluster is reached, offline: a context of a kubeconfig, or the cluster that the workers run in.

[accounts.lab]
provider = "kubernetes"
context = "lab"                 # of the kubeconfig; the current one where none is named
kubeconfig = "/etc/im/lab.yaml" # else KUBECONFIG, else ~/.kube/config
region = "team-a"               # the namespace; else the context's own, else default
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace

from im.domain.config.account import BARE, Account, check_words
from im.domain.config.region import Region
from im.domain.errors import Refused
from im.providers.kit.extra import Extra
from im.providers.kubernetes import options
from im.providers.kubernetes.access.kubeconfig import SERVICE_ACCOUNT, VARIABLE, Context, context_of, files

EXTRA = Extra("kubernetes", "PyYAML", ("yaml",))
"""What reads a kubeconfig. In a cluster of its own a worker needs none."""
WORDS = ("context", "kubeconfig", "in_cluster", "storage_class", *options.WORDS)
SECRET_VARIABLES, KEPT = (VARIABLE, "KUBERNETES_"), ()
"""Beginnings of variables that no pretended cloud may see, and those of them that it may."""
PRETENDED = {VARIABLE: os.devnull}
"""What stands in their place: without it the usual file would be read."""
HOST, PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"
"""Set in every pod: where its own cluster is."""
DEFAULT_NAMESPACE = "default"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)


def read(account: Account) -> Account:
    """`account` with each word in its place. Raises Refused for what cannot be."""
    words = dict(account.credentials)
    if BARE in words:
        words = {"context": words.pop(BARE), **words}
    made = replace(account, credentials=words)
    check_words(made, WORDS)
    if words.get("in_cluster", "no") not in ("yes", "no"):
        raise Refused(f"in_cluster of the account {made.name} is neither yes nor no", 'write in_cluster = "yes"')
    if words.get("in_cluster") == "yes" and ("context" in words or "kubeconfig" in words):
        raise Refused(
            f"the account {made.name} is in the workers' own cluster, and in another", "leave one of them out"
        )
    if not _NAME.fullmatch(words.get("storage_class", "standard").replace(".", "-")):
        raise Refused(
            f"the storage_class of the account {made.name} is no name", "kubectl get storageclass  shows them"
        )
    options.check_account(words)
    return made


def home(env: Mapping[str, str], written: Region | None, account: Account | None = None) -> Region | None:
    """The namespace where machines go when nobody says where; `written`: what im's own config file says. Never raises."""
    if account is None and written:
        return written
    own = account or Account("default", "kubernetes")
    if is_inside(own, env):
        try:
            named = (SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            named = ""
        return Region(
            named or DEFAULT_NAMESPACE, "the workers' own namespace" if named else "the default", ambient=True
        )
    try:
        found = context(own, env)
    except Refused:
        found = None
    if found is not None and found.namespace:
        return Region(found.namespace, f"the context {found.name}", ambient=True)
    return Region(DEFAULT_NAMESPACE, "the default", ambient=True)


def secrets(account: Account, env: Mapping[str, str]) -> list[str]:
    """What of it nobody may be shown: nothing, for credentials stand in files of their own."""
    return []


def sentence(account: Account) -> str:
    """How it is reached, for people."""
    words = account.credentials
    if words.get("in_cluster") == "yes":
        return "the cluster that the workers run in"
    which = f"the context {words['context']}" if "context" in words else "the current context"
    return f"{which} of {words['kubeconfig']}" if "kubeconfig" in words else f"{which} of the workers' kubeconfig"


def found(env: Mapping[str, str]) -> str:
    """In words, which credentials are to be seen in `env`, and would be used; empty when there are none."""
    own = Account("default", "kubernetes")
    if is_inside(own, env):
        return "the service account of this pod"
    if EXTRA.is_missing():
        return next((f"the kubeconfig {path}" for path in files(env) if path.is_file()), "")
    try:
        return f"the context {context(own, env).name} of {files(env)[0]}"
    except Refused:
        return ""


MISSING = f"set {VARIABLE} where the workers run, and choose a context:  kubectl config use-context NAME"
"""What to do when there are none."""


def endpoint(env: Mapping[str, str]) -> str:
    try:
        return context(Account("default", "kubernetes"), env).server
    except Refused:
        return "the real cluster"


def is_inside(account: Account, env: Mapping[str, str]) -> bool:
    """Is it the cluster that we run in that is meant?"""
    words = account.credentials
    if "in_cluster" in words:
        return words["in_cluster"] == "yes"
    if "context" in words or "kubeconfig" in words or env.get(VARIABLE):
        return False
    return bool(env.get(HOST)) and not any(path.is_file() for path in files(env))


def context(account: Account, env: Mapping[str, str]) -> Context:
    """Raises Refused with what there is."""
    words = account.credentials
    return context_of(env, words.get("kubeconfig", ""), words.get("context", ""))
