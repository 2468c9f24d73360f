"""Who else is at work on a machine at EC2, by the marks that services leave on what they run."""

from __future__ import annotations

import pytest

from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.aws.controllers import controller_of

MARKS = [
    ({"aws:autoscaling:groupName": "web"}, "the Auto Scaling group web"),
    ({"eks:nodegroup-name": "blue", "aws:autoscaling:groupName": "eks-blue"}, "the EKS node group blue"),
    ({"eks:cluster-name": "prod"}, "the EKS cluster prod"),
    ({"eks:eks-cluster-name": "prod"}, "the EKS cluster prod"),
    ({"karpenter.sh/nodepool": "spare", "eks:eks-cluster-name": "prod"}, "the Karpenter node pool spare"),
    ({"karpenter.sh/provisioner-name": "default"}, "the Karpenter provisioner default"),
    ({"kubernetes.io/cluster/prod": "owned"}, "the Kubernetes cluster prod"),
    (
        {"elasticbeanstalk:environment-name": "shop", "aws:autoscaling:groupName": "awseb"},
        "the Elastic Beanstalk environment shop",
    ),
    ({"aws:elasticmapreduce:job-flow-id": "j-1"}, "the EMR cluster j-1"),
    ({"aws:ec2spot:fleet-request-id": "sfr-1"}, "the spot fleet sfr-1"),
    ({"aws:ec2:fleet-id": "fleet-1"}, "the EC2 fleet fleet-1"),
    ({"AWSBatchServiceTag": "batch", "aws:autoscaling:groupName": "b"}, "the AWS Batch compute environment"),
    ({"AmazonECSManaged": "", "aws:autoscaling:groupName": "ecs"}, "the ECS capacity provider"),
    ({"aws:cloud9:environment": "c9"}, "the Cloud9 environment c9"),
    ({"InstanceScheduler-LastAction": "Started"}, "the Instance Scheduler"),
]


@pytest.mark.parametrize(("marks", "name"), MARKS)
def test_it_is_called_by_its_name_with_what_to_do_instead(marks: dict[str, str], name: str) -> None:
    found = controller_of(Sighting("i-1", Observed.RUNNING, tags=marks))
    assert found is not None
    assert found.name == name
    told = found.refusal("i-1")
    assert told.startswith(f"i-1 belongs to {name}, which ")
    assert told.endswith("im adopt i-1 -d 4h --force  takes it in all the same")


def test_a_service_that_aws_runs_it_for_is_one_too() -> None:
    found = controller_of(Sighting("i-1", Observed.RUNNING, operator="eks.amazonaws.com"))
    assert found is not None
    assert found.name.startswith("eks.amazonaws.com")


@pytest.mark.parametrize(
    "marks",
    [
        {},
        {"Name": "web", "team": "ml"},
        # these make machines and leave them alone afterwards
        {"aws:cloudformation:stack-name": "web", "aws:cloudformation:logical-id": "Server"},
        {"aws:ec2launchtemplate:id": "lt-1", "aws:servicecatalog:productArn": "arn"},
    ],
)
def test_who_only_made_it_is_no_controller(marks: dict[str, str]) -> None:
    assert controller_of(Sighting("i-1", Observed.RUNNING, tags=marks)) is None
