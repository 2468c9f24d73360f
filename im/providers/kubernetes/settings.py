"""What Kubernetes alone has to be told of a deployment: what a machine in a cluster is where nobody says it."""

from __future__ import annotations

from dataclasses import dataclass

from im.setting import each, named, setting


@dataclass(frozen=True, slots=True)
class KubernetesSettings:
    default_kubernetes_type: str = setting(
        "IM_DEFAULT_KUBERNETES_TYPE",
        "",
        "size of a pod when none is named, like `4x16`, or several with commas; else `medium`",
        parse=each("im.providers.kubernetes.shapes:shape_of"),
        unsaid="instance_type",
    )
    default_kubernetes_region: str = setting(
        "IM_DEFAULT_KUBERNETES_REGION",
        "",
        "namespace of machines in a cluster; else the context's, else `default`",
        parse=named("im.providers.kubernetes.profile:check_namespace"),
        unsaid="region",
    )
    default_kubernetes_image: str = setting(
        "IM_DEFAULT_KUBERNETES_IMAGE",
        "",
        "image of a pod when none is named; else one of Debian with sshd",
        parse=named("im.providers.kubernetes.profile:check_image"),
        unsaid="image",
    )
