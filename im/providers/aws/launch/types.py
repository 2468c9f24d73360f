"""What EC2 itself says of an instance type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from im.providers.aws.api.errors import translated
from im.providers.aws.launch.families import architecture_of
from im.providers.errors import Forbidden, InvalidSpec

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client


@dataclass(frozen=True, slots=True)
class TypeFacts:
    """Memory in MiB; None where EC2 does not say."""

    architectures: tuple[str, ...]
    memory: int | None = None
    hibernates: bool | None = None
    spot: bool | None = None


def look_up(ec2: EC2Client, instance_type: str) -> TypeFacts:
    """EC2's own word. By the name alone where our credentials may not ask, or EC2 does not know it: the launch will say."""
    try:
        with translated():
            found = ec2.describe_instance_types(InstanceTypes=[instance_type])["InstanceTypes"]  # type: ignore[list-item]
    except (Forbidden, InvalidSpec):
        found = []
    if not found:
        return TypeFacts((architecture_of(instance_type),))
    shown = found[0]
    known = tuple(str(one) for one in shown.get("ProcessorInfo", {}).get("SupportedArchitectures", []))
    memory = shown.get("MemoryInfo", {}).get("SizeInMiB")
    sold = shown.get("SupportedUsageClasses")
    spot = "spot" in sold if sold else None
    return TypeFacts(known or (architecture_of(instance_type),), memory, shown.get("HibernationSupported"), spot)
