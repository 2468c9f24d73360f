"""Who else is at work on a machine: services of AWS and of others mark what they start, stop and replace with their tags.

Sources: the user guides of EC2 Auto Scaling, EKS, Elastic Beanstalk, EMR, Batch, ECS, Cloud9 and ParallelCluster ("tags that the
service adds"), the Kubernetes documentation of well-known labels, Karpenter's NodeClaims, and DescribeInstances' `Operator`.

CloudFormation, Service Catalog and launch templates are not here: they make machines, and leave them alone afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from im.domain.adoption import Controller
from im.domain.sighting import Sighting


class _Sign(NamedTuple):
    key: str
    """A tag's key; one that ends with `/` begins a longer one, whose rest is the name."""
    kind: str
    does: str
    instead: str


_REPLACES = "replaces what is stopped"
_SIGNS = (
    _Sign("eks:nodegroup-name", "EKS node group", _REPLACES, "Set its size: aws eks update-nodegroup-config"),
    _Sign("karpenter.sh/nodepool", "Karpenter node pool", _REPLACES, "Set its limits, or delete the NodeClaim"),
    _Sign("karpenter.sh/nodeclaim", "Karpenter NodeClaim", _REPLACES, "Delete the NodeClaim"),
    _Sign("karpenter.sh/provisioner-name", "Karpenter provisioner", _REPLACES, "Set its limits, or delete the node"),
    _Sign("eks:eks-cluster-name", "EKS cluster", _REPLACES, "Change its node pool"),
    _Sign("elasticbeanstalk:environment-name", "Elastic Beanstalk environment", _REPLACES, "Change its capacity there"),
    _Sign("elasticbeanstalk:environment-id", "Elastic Beanstalk environment", _REPLACES, "Change its capacity there"),
    _Sign(
        *("aws:elasticmapreduce:job-flow-id", "EMR cluster", "takes a stopped node for a lost one"),
        "End it with an auto-termination policy of EMR",
    ),
    _Sign("AWSBatchServiceTag", "AWS Batch compute environment", _REPLACES, "Set its maximum of vCPUs"),
    _Sign("AmazonECSManaged", "ECS capacity provider", _REPLACES, "Change the capacity provider"),
    _Sign("aws:ecs:clusterName", "ECS cluster", _REPLACES, "Change its capacity provider"),
    _Sign("parallelcluster:cluster-name", "ParallelCluster", _REPLACES, "Set the size of its queues"),
    _Sign("aws:parallelcluster:cluster-id", "ParallelCluster", _REPLACES, "Set the size of its queues"),
    _Sign("aws:cloud9:environment", "Cloud9 environment", "starts and stops it by itself", "Set its time-out there"),
    _Sign("opsworks:instance", "OpsWorks instance", "heals what is stopped", "Stop it in OpsWorks"),
    _Sign("spotinst:aws:ec2:group:id", "Spot.io Elastigroup", _REPLACES, "Set its capacity there"),
    _Sign(
        "sigs.k8s.io/cluster-api-provider-aws/cluster/", "Cluster API cluster", _REPLACES, "Scale its MachineDeployment"
    ),
    _Sign("kops.k8s.io/instancegroup", "kOps instance group", _REPLACES, "Set its size: kops edit ig"),
    # the group last but for what only says where it stands: what made the group is the better name for it
    _Sign(
        *("aws:autoscaling:groupName", "Auto Scaling group", "terminates what is stopped and launches another"),
        "Set its desired capacity, or detach the machine: aws autoscaling detach-instances",
    ),
    _Sign(
        *("aws:ec2spot:fleet-request-id", "spot fleet", _REPLACES),
        "Change its target capacity: aws ec2 modify-spot-fleet-request",
    ),
    _Sign(
        *("aws:ec2:fleet-id", "EC2 fleet", f"{_REPLACES}, unless it is an instant one"),
        "Change its target capacity: aws ec2 modify-fleet",
    ),
    _Sign("eks:cluster-name", "EKS cluster", "loses a node by it", "Drain and remove the node in the cluster"),
    _Sign("aws:eks:cluster-name", "EKS cluster", "loses a node by it", "Drain and remove the node in the cluster"),
    _Sign(
        "kubernetes.io/cluster/", "Kubernetes cluster", "loses a node by it", "Drain and remove the node in the cluster"
    ),
    _Sign("IS-ManagedBy", "Instance Scheduler", "starts and stops it by its own times", "Take its Schedule tag away"),
    _Sign(
        *("InstanceScheduler-LastAction", "Instance Scheduler", "starts and stops it by its own times"),
        "Take its Schedule tag away",
    ),
)
_NAMELESS = frozenset({"AWSBatchServiceTag", "AmazonECSManaged", "IS-ManagedBy", "InstanceScheduler-LastAction"})
"""Tags whose value is not the name of what set them."""


def controller_of(seen: Sighting) -> Controller | None:
    """Who else starts, stops or replaces this machine; None when nothing shows anybody."""
    for sign in _SIGNS:
        if (value := _value(sign, seen.tags)) is not None:
            name = "" if sign.key in _NAMELESS or not value else f" {value[:100]}"
            return Controller(f"the {sign.kind}{name}", sign.does, sign.instead)
    if seen.operator:
        told = f"{seen.operator}, for whom AWS runs it as a managed instance"
        return Controller(told, "alone may change it", "Change it in that service")
    return None


def _value(sign: _Sign, tags: Mapping[str, str]) -> str | None:
    if not sign.key.endswith("/"):
        return tags.get(sign.key)
    return next((key.removeprefix(sign.key) for key in tags if key.startswith(sign.key)), None)
