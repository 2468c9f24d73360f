"""AWS is several clouds that know nothing of each other: a region belongs to one partition, and so do ARNs, accounts and prices.

https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from im.domain.errors import Refused

AWS, CHINA, GOV = "aws", "aws-cn", "aws-us-gov"
_BY_PREFIX = {
    "cn-": CHINA,
    "us-gov-": GOV,
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
    "eu-isoe-": "aws-iso-e",
    "us-isof-": "aws-iso-f",
    "eusc-": "aws-eusc",
}
_HOMES = {
    AWS: "us-east-1",
    CHINA: "cn-north-1",
    GOV: "us-gov-west-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
    "aws-eusc": "eusc-de-east-1",
}
OWNERS: Mapping[str, Mapping[str, str]] = {
    CHINA: {"canonical": "837727238323", "redhat": "841258680906"},
    GOV: {"canonical": "513442679011", "redhat": "219670896067"},
}
"""Accounts that publish images outside `aws`, as Canonical and Red Hat name them; of the others none is known to us."""
_ARN = re.compile(r"arn:(aws[a-z-]*):", re.ASCII)


def partition_of(region: str) -> str:
    return next((name for prefix, name in _BY_PREFIX.items() if region.startswith(prefix)), AWS)


def home_in(region: str) -> str:
    """The region of the same partition that every account has enabled."""
    return _HOMES[partition_of(region)]


def home_of(arn: str, region: str) -> str:
    """Where to ask about `arn`: `region`, if it is of the ARN's own partition, else a region that is."""
    partition = _partition_in(arn)
    return region if partition in ("", partition_of(region)) else _HOMES.get(partition, region)


def check_arn(arn: str, what: str, region: str, hint: str) -> None:
    """Raises Refused for an ARN of another partition than the region's; a bare name belongs everywhere."""
    partition, ours = _partition_in(arn), partition_of(region)
    if partition not in ("", ours):
        raise Refused(
            f"{what} is of the partition {partition}, and {region} is of {ours}: it cannot be used there", hint
        )


def check_usd(what: str, region: str, hint: str) -> None:
    """Raises Refused where AWS reckons in yuan."""
    if partition_of(region) == CHINA:
        raise Refused(f"{what} is in US dollars, and AWS takes it for yuan in {region}", hint)


def has_price_list(region: str) -> bool:
    """The Price List API answers to accounts of `aws` alone, of whose regions it tells US dollars."""
    return partition_of(region) == AWS


def _partition_in(arn: str) -> str:
    found = _ARN.match(arn)
    return found[1] if found else ""
