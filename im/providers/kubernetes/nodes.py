"""Which nodes a machine may go to: a GPU by the label of whichever flavour the cluster is, and nodes that are lent for less.

A label has to be named to the letter, so that nodes are listed once for a launch; whoever may not do that is told the label by
the account. Keys in the order in which they are looked for, as SkyPilot's and dstack's sources have them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from im.providers.errors import Forbidden, InvalidSpec, NotOffered
from im.providers.kubernetes.api import NODES, KubernetesApi
from im.providers.kubernetes.options import Options
from im.providers.kubernetes.shapes import ANY_GPU, Shape

RESOURCES = ("nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/xe", "gpu.intel.com/i915")
NVIDIA = RESOURCES[0]
LABELS = (
    *("nvidia.com/gpu.product", "gpu.nvidia.com/class", "cloud.google.com/gke-accelerator"),
    *(
        "karpenter.k8s.aws/instance-gpu-name",
        "nebius.com/gpu-name",
        "skypilot.co/accelerator",
        "amd.com/gpu.product-name",
    ),
)
SPOT = (
    ("cloud.google.com/gke-spot", "true"),
    ("karpenter.sh/capacity-type", "spot"),
    ("eks.amazonaws.com/capacityType", "SPOT"),
    ("kubernetes.azure.com/scalesetpriority", "spot"),
)
"""How nodes that may be taken back are labelled, and mostly tainted too."""
_MAKERS = ("nvidia", "amd", "intel")
"""Written by some labels, and left out by others."""
_PARTED = ("shared", "mig")
"""Words in a label that say it is a part of a GPU; whoever wants one names it."""


@dataclass(frozen=True, slots=True)
class Placing:
    """What a pod's spec says of where it goes."""

    selector: Mapping[str, str] = field(default_factory=dict)
    one_of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Label → several values, of which a node has one."""
    tolerations: tuple[Mapping[str, str], ...] = ()
    resources: Mapping[str, str] = field(default_factory=dict)


NOWHERE = Placing()


def placing(api: KubernetesApi, shape: Shape, options: Options, *, spot: bool) -> Placing:
    """Raises NotOffered, with what there is, for a GPU or a kind of node that the cluster does not have."""
    if not shape.gpu and not spot:
        return NOWHERE
    nodes = _nodes(api)
    selector: dict[str, str] = {}
    one_of: dict[str, Sequence[str]] = {}
    tolerations: list[Mapping[str, str]] = []
    resources: dict[str, str] = {}
    if shape.gpu:
        resource, key, values = _gpu(nodes, shape, options)
        resources[resource] = str(shape.gpus)
        tolerations.append({"key": resource, "operator": "Exists"})
        if len(values) == 1:
            selector[key] = values[0]
        elif values:
            one_of[key] = values
    if spot:
        key, value = _spot(nodes, options)
        selector[key] = value
        tolerations.append({"key": key, "operator": "Exists"})
    return Placing(selector, one_of, tuple(tolerations), resources)


def _nodes(api: KubernetesApi) -> list[dict[str, Any]] | None:
    """None where they may not be listed."""
    try:
        return api.all("", NODES)
    except Forbidden:
        return None


def _gpu(nodes: list[dict[str, Any]] | None, shape: Shape, options: Options) -> tuple[str, str, list[str]]:
    """(resource, label, values); no values: whichever GPU there is."""
    key, _, value = options.gpu_label.partition("=")
    if value:
        return NVIDIA, key, [value]
    if nodes is None:
        if shape.gpu == ANY_GPU:
            return NVIDIA, "", []
        told = f"which nodes have a {shape.gpu}, nobody here may see"
        raise InvalidSpec(f"{told}: let this user list nodes, or name gpu_label in the account's declaration")
    there = [(one, found) for one in nodes if (found := _of_node(one, (key,) if key else LABELS)) is not None]
    fitting = [
        (resource, label, product)
        for one, (resource, label, product, number) in there
        if number >= shape.gpus and (shape.gpu == ANY_GPU or is_called(product, shape.gpu))
    ]
    if not fitting:
        if options.grows and key:
            return NVIDIA, key, [shape.gpu]
        raise NotOffered(_not_there(shape, [found for _, found in there]))
    resource, label, _ = fitting[0]
    if shape.gpu == ANY_GPU:
        return resource, "", []
    return resource, label, sorted({product for _, its, product in fitting if its == label})


def _of_node(node: Mapping[str, Any], keys: Iterable[str]) -> tuple[str, str, str, int] | None:
    """(resource, label, product, how many) of a node's GPUs; None for one without."""
    room = (node.get("status") or {}).get("allocatable") or {}
    labels = node["metadata"].get("labels") or {}
    for resource in RESOURCES:
        number = str(room.get(resource, "0"))
        if number.isdigit() and int(number):
            label = next((key for key in keys if key in labels), "")
            return resource, label, str(labels.get(label, "")), int(number)
    return None


def is_called(product: str, name: str) -> bool:
    """Word by word: `a10` is in `a100`, and is none. `NVIDIA-A100-SXM4-80GB` is an `a100`, and an `a100-80gb`."""
    has, wanted = set(_words(product)), [word for word in _words(name) if word not in _MAKERS]
    parts = [word for word in _PARTED if word in has and word not in wanted]
    return not parts and set(wanted) <= has


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[-_ ./]+", text.lower()) if word]


def _not_there(shape: Shape, there: Sequence[tuple[str, str, str, int]]) -> str:
    same = [number for _, _, product, number in there if is_called(product, shape.gpu) or shape.gpu == ANY_GPU]
    if same:
        return f"no node of the cluster has {shape.gpus} {shape.gpu} at once: the largest has {max(same)}"
    have = sorted({f"{number} x {product or resource}" for resource, _, product, number in there})
    return f"no node of the cluster has a {shape.gpu}; there are: {', '.join(have[:8]) or 'no GPUs at all'}"


def _spot(nodes: list[dict[str, Any]] | None, options: Options) -> tuple[str, str]:
    key, _, value = options.spot_label.partition("=")
    if value:
        return key, value
    if nodes is None:
        told = "which nodes may be taken back, nobody here may see"
        raise InvalidSpec(f"{told}: let this user list nodes, or name spot_label in the account's declaration")
    for key, value in SPOT:
        if any((one["metadata"].get("labels") or {}).get(key) == value for one in nodes):
            return key, value
    raise NotOffered("no node of the cluster is labelled as one that may be taken back, which --spot asks for")
