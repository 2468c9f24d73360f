"""What only a cluster has to be told: by a flag of `im create`, else by the account, for all that is made there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from im.domain.errors import Refused
from im.providers.kubernetes.flags import FLAGS

NAMES = tuple(flag.name for flag in FLAGS)
WORDS = (
    *("autoscaler", "gpu_label", "image_pull_secrets", "node_selector", "priority_class"),
    *("runtime_class", "security", "service_account", "spot_label", "tolerations"),
)
"""What an account may say of its cluster."""
EXPOSE = {"node-port": "NodePort", "load-balancer": "LoadBalancer"}
"""As people type it → what kind of service that is."""
EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
RESTRICTED, BASELINE = "restricted", "baseline"
_LABEL = re.compile(
    r"((?:[a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)=([\w.-]{0,63})", re.ASCII
)
_TAINT = re.compile(r"((?:[a-z0-9.-]+/)?[\w.-]{1,63})(?:=([\w.-]{0,63}))?(?::(\w+))?", re.ASCII)
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?", re.ASCII)
_SIZE = re.compile(r"[1-9]\d{0,6}(Mi|Gi)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Options:
    node_selector: Mapping[str, str]
    tolerations: tuple[Mapping[str, str], ...]
    priority_class: str = ""
    service_account: str = ""
    runtime_class: str = ""
    image_pull_secrets: tuple[str, ...] = ()
    shm: str = ""
    security: str = RESTRICTED
    gpu_label: str = ""
    """The label by which nodes with GPUs are told apart, where nodes may not be listed: its key, or `KEY=VALUE` for one kind."""
    spot_label: str = ""
    grows: bool = False
    """It makes nodes as they are needed."""


def checked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is typed after our flags, as JSON values that are stored with the spec. Raises Refused."""
    told = {
        "node-selector": labels(asked.get("node-selector") or ()),
        "toleration": [toleration(one) for one in asked.get("toleration") or ()],
        "priority-class": _named(asked.get("priority-class"), "a priority class"),
        "service-account": _named(asked.get("service-account"), "a service account"),
        "shm": _size(asked.get("shm")),
        "expose": _exposed(asked.get("expose")),
    }
    return {name: value for name, value in told.items() if value}


def check_account(words: Mapping[str, str]) -> None:
    """Raises Refused for what an account cannot say."""
    of_account(words)
    for word in ("priority_class", "runtime_class", "service_account"):
        _named(words.get(word), word)
    if words.get("autoscaler", "no") not in ("yes", "no"):
        raise Refused(f"autoscaler is neither yes nor no: {words['autoscaler'][:20]}", 'write autoscaler = "yes"')
    if words.get("security", RESTRICTED) not in (RESTRICTED, BASELINE):
        raise Refused(f"security is no standard: {words['security'][:20]}", f"write {RESTRICTED} or {BASELINE}")
    for word in ("gpu_label", "spot_label"):
        if "=" in words.get(word, ""):
            labels([words[word]])


def of_account(words: Mapping[str, str]) -> Options:
    return of(words, {})


def of(words: Mapping[str, str], typed: Mapping[str, Any]) -> Options:
    """`typed`: as `checked` made it; it goes before what the account says, and is added where there may be several."""
    return Options(
        node_selector={**labels(_listed(words, "node_selector")), **typed.get("node-selector", {})},
        tolerations=(*(toleration(one) for one in _listed(words, "tolerations")), *typed.get("toleration", ())),
        priority_class=typed.get("priority-class") or words.get("priority_class", ""),
        service_account=typed.get("service-account") or words.get("service_account", ""),
        runtime_class=words.get("runtime_class", ""),
        image_pull_secrets=tuple(_listed(words, "image_pull_secrets")),
        shm=typed.get("shm", ""),
        security=words.get("security", RESTRICTED),
        gpu_label=words.get("gpu_label", ""),
        spot_label=words.get("spot_label", ""),
        grows=words.get("autoscaler") == "yes",
    )


def labels(written: Sequence[str]) -> dict[str, str]:
    found = {}
    for one in written:
        label = _LABEL.fullmatch(one.strip())
        if label is None:
            raise Refused(f"'{one[:60]}' is no label of a node", "write KEY=VALUE, like disktype=ssd")
        found[label[1]] = label[3]
    return found


def toleration(written: str) -> dict[str, str]:
    found = _TAINT.fullmatch(written.strip())
    if found is None or found[3] not in (None, *EFFECTS):
        raise Refused(f"'{written[:60]}' is no toleration", f"write KEY=VALUE:EFFECT; effects are {', '.join(EFFECTS)}")
    made = {"key": found[1], "operator": "Exists" if found[2] is None else "Equal"}
    if found[2] is not None:
        made["value"] = found[2]
    return made | ({"effect": found[3]} if found[3] else {})


def _listed(words: Mapping[str, str], word: str) -> list[str]:
    return [one.strip() for one in words.get(word, "").replace(",", " ").split()]


def _named(written: Any, what: str) -> str:
    if written and not _NAME.fullmatch(str(written)):
        raise Refused(f"'{str(written)[:40]}' is not the name of {what}", "small letters, digits and dashes")
    return str(written or "")


def _exposed(written: Any) -> str:
    if written and str(written) not in EXPOSE:
        raise Refused(f"'{str(written)[:20]}' is no way to an address", f"write --expose {' or '.join(EXPOSE)}")
    return str(written or "")


def _size(written: Any) -> str:
    if written and not _SIZE.fullmatch(str(written)):
        raise Refused(f"'{str(written)[:20]}' is no size of memory", "write --shm 8Gi")
    return str(written or "")
