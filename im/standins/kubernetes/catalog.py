"""The cluster that every account begins with: its nodes, its one namespace, its storage classes."""

from __future__ import annotations

from typing import Any

GPU, SPOT = "nvidia.com/gpu", "cloud.google.com/gke-spot"
_TAINT = {"key": GPU, "value": "present", "effect": "NoSchedule"}

_LENT = {"key": SPOT, "value": "true", "effect": "NoSchedule"}


def node(
    name: str,
    zone: str,
    cpu: int,
    gib: int,
    *,
    gpu: str = "",
    gpus: int = 0,
    labels: dict[str, str] | None = None,
    taint: dict[str, str] | None = None,
) -> dict[str, Any]:
    """`gpu`: the product's name, as NVIDIA's feature discovery writes it."""
    room = {"cpu": str(cpu), "memory": f"{gib}Gi", "pods": "250", **({GPU: str(gpus)} if gpus else {})}
    said = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/arch": "amd64",
        "topology.kubernetes.io/zone": zone,
        "topology.kubernetes.io/region": zone.rpartition("-")[0],
        **({"nvidia.com/gpu.product": gpu, "nvidia.com/gpu.count": str(gpus)} if gpus else {}),
        **(labels or {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": said},
        "spec": {"taints": [dict(taint or _TAINT)]} if gpus or taint else {},
        "status": {
            "capacity": room,
            "allocatable": dict(room),
            "conditions": [{"type": "Ready", "status": "True"}],
            "addresses": [{"type": "InternalIP", "address": "192.0.2.10"}, {"type": "Hostname", "address": name}],
        },
    }


def nodes() -> list[dict[str, Any]]:
    return [
        node("cpu-a-1", "metal-a", 128, 512),
        node("cpu-a-2", "metal-a", 128, 512),
        node("cpu-b-1", "metal-b", 128, 512),
        node("spot-b-1", "metal-b", 64, 256, labels={SPOT: "true"}, taint=_LENT),
        node("gpu-a-1", "metal-a", 96, 1024, gpu="NVIDIA-A100-SXM4-40GB", gpus=8),
        node("gpu-b-1", "metal-b", 32, 128, gpu="Tesla-T4", gpus=4),
    ]


def classes() -> list[dict[str, Any]]:
    usual = {"storageclass.kubernetes.io/is-default-class": "true"}
    return [
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {"name": name, "annotations": usual if name == "standard" else {}},
            "provisioner": "csi.example.com",
            "reclaimPolicy": "Delete",
            "volumeBindingMode": "WaitForFirstConsumer",
        }
        for name in ("standard", "fast")
    ]
