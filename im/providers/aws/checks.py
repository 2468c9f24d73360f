"""What `im doctor` asks of AWS: is it there, who are we, may we launch; and how to mend each. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.aws.api.clients import LAUNCH, Clients
from im.providers.aws.api.errors import REGION_NOT_ENABLED, cloud_code, translated
from im.providers.aws.launch import request
from im.providers.aws.launch.families import default_type
from im.providers.aws.launch.images import DEFAULT_ALIAS, DEFAULT_USER, Image
from im.providers.contract import Check, Slot
from im.providers.errors import Forbidden, ProviderError, Unauthenticated, Unavailable

LAUNCH_ACTIONS = "ec2:RunInstances, ec2:CreateTags, ec2:ImportKeyPair, ec2:DescribeKeyPairs, ec2:DescribeImages"
LOOK_ACTIONS = "ec2:DescribeInstances, ec2:DescribeAvailabilityZones"
IMAGE_ACTIONS = "ssm:GetParameter, ec2:DescribeImages and ec2:DescribeInstanceTypes"
_CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, choose an AWS_PROFILE, or run aws sso login"


def run(
    clients: Clients,
    scope: Scope,
    identity: Callable[[Scope], str],
    image: Callable[[str, str, str], Image],
    deployment: str,
) -> list[Check]:
    """Each check on its own; a failure of one is reported and the others are still made."""
    return [
        _check("endpoint", lambda: _endpoint(clients, scope), f"allow {LOOK_ACTIONS}"),
        _check("identity", lambda: f"account {identity(scope)}", "allow sts:GetCallerIdentity"),
        _check("image", lambda: image(scope.region, DEFAULT_ALIAS, _type_of(scope)).ami, f"allow {IMAGE_ACTIONS}"),
        _check("launch", lambda: _launch(clients, scope, image, deployment), f"allow {LAUNCH_ACTIONS}"),
    ]


def _type_of(scope: Scope) -> str:
    return default_type(scope.region, f"{scope.region}a")[0]


def _check(name: str, ask: Callable[[], str], allow: str) -> Check:
    try:
        return Check(name, ok=True, detail=ask())
    except ProviderError as exc:
        return Check(name, ok=False, detail=exc.message, fix=_fix(exc, allow))


def _fix(exc: ProviderError, allow: str) -> str:
    if isinstance(exc, Unauthenticated):
        return _CREDENTIALS
    if cloud_code(exc) == REGION_NOT_ENABLED:
        return "enable the region, or set AWS_REGION to one that is"
    if isinstance(exc, Unavailable):
        return "check the network, AWS_REGION and AWS_ENDPOINT_URL, and try again"
    if isinstance(exc, Forbidden):
        return f"{allow} for these credentials in IAM"
    return "the message says what AWS minds"


def _endpoint(clients: Clients, scope: Scope) -> str:
    ec2 = clients.ec2(scope.region)
    with translated():
        zones = ec2.describe_availability_zones()["AvailabilityZones"]
    return f"{ec2.meta.endpoint_url} answers for {scope.region}, which has {len(zones)} zones"


def _launch(clients: Clients, scope: Scope, image: Callable[[str, str, str], Image], deployment: str) -> str:
    """A dry run: EC2 answers 412 DryRunOperation when it would launch. No key is named, because none is imported."""
    spec = Spec(_type_of(scope), f"{scope.region}a", DEFAULT_ALIAS, "", DEFAULT_USER, "im doctor")
    found = image(scope.region, spec.image, spec.instance_type)
    asked: dict[str, Any] = request.request(
        spec,
        request.Fitted(found, "", root_gb=found.root_size),
        deployment=deployment,
        token="im-doctor",  # noqa: S106  # a launch token, no secret
        slots=[Slot("im-doctor", "im-doctor")],
    )
    for left_out in ("KeyName", "ClientToken", "Placement"):
        del asked[left_out]
    try:
        with translated():
            clients.ec2(scope.region, LAUNCH).run_instances(**asked, DryRun=True)
    except ProviderError as exc:
        if cloud_code(exc) != "DryRunOperation":
            raise
    return f"a {spec.instance_type} may be launched"
