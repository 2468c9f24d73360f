"""What `im create` takes for a cluster alone."""

from __future__ import annotations

from im.providers.request import Flag

FLAGS = (
    Flag("node-selector", "KEY=VALUE", "Kubernetes: only nodes with that label; repeatable.", repeatable=True),
    Flag(
        "toleration",
        "KEY[=VALUE][:EFFECT]",
        "Kubernetes: nodes kept for that are taken too; repeatable.",
        repeatable=True,
    ),
    Flag("priority-class", "NAME", "Kubernetes: whom it gives way to, and who to it."),
    Flag("service-account", "NAME", "Kubernetes: as whom its pod asks the cluster, with a token of it in the pod."),
    Flag("expose", "node-port|load-balancer", "Kubernetes: an address of its own for ssh, by a Service."),
    Flag("shm", "SIZE", "Kubernetes: the size of /dev/shm, like 8Gi; default half its memory."),
)
