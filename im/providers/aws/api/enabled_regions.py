"""A region that the account has not enabled, told by its name.

AWS answers there as to somebody with wrong credentials (EC2 AuthFailure, STS InvalidClientTokenId, others
UnrecognizedClientException). A region of the same partition that is always enabled tells the one from the other.
https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

from im.providers.aws.api.errors import REGION_NOT_ENABLED, translated
from im.providers.aws.partition import home_in
from im.providers.errors import ProviderError, Transient

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_UNKNOWN = ("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException")
_REMEMBERED = 60.0
"""Seconds for which an answer holds: enabling a region takes minutes, and wrong credentials are tried every five seconds."""
_CLOSED = "not-opted-in"
_NEAR = 3


class EnabledRegions:
    """`ec2_in` gives a client of a region's EC2."""

    def __init__(self, ec2_in: Callable[[str], EC2Client]) -> None:
        self._ec2_in = ec2_in
        self._lock = Lock()
        self._kept: dict[str, tuple[float, Mapping[str, str]]] = {}

    def tell_from_wrong_credentials(self, client: Any) -> None:
        """What `client` is answered in a region that is not enabled says so, with what to do."""
        region = client.meta.region_name

        def after_call(parsed: dict[str, Any], **_: object) -> None:
            error = parsed.get("Error", {})
            if error.get("Code") in _UNKNOWN and region != home_in(region) and (told := self._closed(region)):
                error |= {"Code": REGION_NOT_ENABLED, "Message": told}

        client.meta.events.register("after-call", after_call)

    def _closed(self, region: str) -> str:
        """The sentence for a region that is not enabled; empty for one that is, and where nobody can tell."""
        found = self._regions(home_in(region))
        if found.get(region) != _CLOSED:
            return ""
        enabled = sorted(name for name, status in found.items() if status != _CLOSED)
        near = [name for name in enabled if name.partition("-")[0] == region.partition("-")[0]] or enabled
        return (
            f"the region {region} is not enabled for this account: enable it (aws account enable-region --region-name "
            f"{region}, or in the console under Account; it takes minutes), or choose one that is, like "
            f"{', '.join(near[:_NEAR])}"
        )

    def _regions(self, home: str) -> Mapping[str, str]:
        """Name → opt-in status of every region of a partition; empty where our credentials are wrong, or may not ask."""
        with self._lock:
            at, found = self._kept.get(home, (0.0, {}))
            if time.monotonic() - at < _REMEMBERED and at:
                return found
        ec2 = self._ec2_in(home)
        found = {}
        try:
            with translated():
                told = ec2.describe_regions(AllRegions=True)["Regions"]
            found = {one["RegionName"]: one.get("OptInStatus", "") for one in told}
        except Transient:  # it may answer the next time
            return found
        except ProviderError:
            pass
        with self._lock:
            self._kept[home] = (time.monotonic(), found)
        return found
