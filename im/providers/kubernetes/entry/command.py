"""`im enter kubernetes WORDS`: words as `kubectl exec` takes them, for where there is no kubectl."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from typing import NoReturn

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.providers.errors import ProviderError
from im.providers.kit.extra import Extra
from im.providers.kubernetes.access.link import way_of
from im.providers.kubernetes.account import context, is_inside
from im.providers.kubernetes.entry.connection import Wanted, connect
from im.providers.kubernetes.errors import CLOUD

EXTRA = Extra("kubernetes", "websockets", ("websockets",))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Refused(f"these are no words for a pod: {message}", "im ssh NAME --print  shows the line")


def enter(words: Sequence[str], env: Mapping[str, str] = os.environ) -> int:
    """The exit code of what ran. Raises Refused where nothing did, or the connection broke."""
    if EXTRA.is_missing():
        raise Refused(f"{CLOUD} is entered by kubectl or by the package websockets, and neither is here", EXTRA.install)
    from im.providers.kubernetes.entry import session

    told = list(words)
    at = told.index("--") if "--" in told else len(told)
    asked = _parser().parse_args(told[:at])
    said = {word: value for word in ("kubeconfig", "context") if (value := getattr(asked, word))}
    account = Account("default", "kubernetes", said)
    namespace = asked.namespace or ("default" if is_inside(account, env) else context(account, env).namespace)
    terminal = asked.tty and sys.stdin.isatty()
    wanted = Wanted(namespace or "default", asked.pod, told[at + 1 :], asked.container, asked.stdin, terminal)
    if not wanted.command:
        raise Refused("nothing is named that is to run in the pod", "im ssh NAME --print  shows the line")
    try:
        return session.run(connect(way_of(account, env), wanted), stdin=wanted.stdin, terminal=terminal)
    except ProviderError as exc:
        raise Refused(exc.message, "im why NAME  tells how the machine is, im doctor how the cluster is") from exc


def _parser() -> _Parser:
    made = _Parser(prog="im enter kubernetes", add_help=False)
    for word in ("--kubeconfig", "--context", "--container"):
        made.add_argument(*(("-c", word) if word == "--container" else (word,)), default="")
    made.add_argument("-n", "--namespace", default="")
    made.add_argument("-i", "--stdin", action="store_true")
    made.add_argument("-t", "--tty", action="store_true")
    made.add_argument("pod")
    return made
