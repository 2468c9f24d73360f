"""What Azure's codes mean: one table for answers, and for what comes later in an operation or stands on a machine.

The status is not enough: a quota comes as 409 under a code that means a dozen other things, what must be tried again as 429 that is
no throttle, and a failure as 200. Codes: https://learn.microsoft.com/azure/azure-resource-manager/troubleshooting/common-deployment-errors
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from im.providers import errors as e
from im.providers.errors import ProviderError
from im.providers.kit.http import Answer
from im.providers.kit.text import scrubbed

CLOUD = "Azure"
CODES: Mapping[str, type[ProviderError]] = {
    "InvalidAuthenticationToken": e.Unauthenticated,
    "ExpiredAuthenticationToken": e.Unauthenticated,
    "InvalidAuthenticationTokenTenant": e.Unauthenticated,
    "AuthenticationFailed": e.Unauthenticated,
    "AuthorizationFailed": e.Forbidden,
    "LinkedAuthorizationFailed": e.Forbidden,
    "RequestDisallowedByPolicy": e.Forbidden,
    "RequestDisallowedByAzure": e.Forbidden,
    "SubscriptionNotFound": e.Forbidden,
    "ReadOnlyDisabledSubscription": e.Forbidden,
    "SubscriptionDisabled": e.Forbidden,
    "MissingSubscriptionRegistration": e.Forbidden,
    "AzureSpotFeatureNotEnabledForSubscription": e.Forbidden,
    "ScopeLocked": e.Forbidden,
    "TooManyRequests": e.Throttled,
    "SubscriptionRequestsThrottled": e.Throttled,
    "RetryableError": e.WrongState,
    "RetryableErrorDueToAnotherOperation": e.WrongState,
    "ReferencedResourceNotProvisioned": e.WrongState,
    "AnotherOperationInProgress": e.WrongState,
    "Conflict": e.WrongState,
    "OperationPreempted": e.WrongState,
    "CanceledAndSupersededDueToAnotherOperation": e.WrongState,
    "ConditionNotMet": e.WrongState,
    "PreconditionFailed": e.WrongState,
    "NicReservedForAnotherVm": e.WrongState,
    "NicInUse": e.WrongState,
    "InUseNetworkSecurityGroupCannotBeDeleted": e.WrongState,
    "InUseSubnetCannotBeDeleted": e.WrongState,
    "InUseNetworkInterfaceCannotBeDeleted": e.WrongState,
    "PublicIPAddressCannotBeDeleted": e.WrongState,
    "DiskInUse": e.WrongState,
    "PrivateIPAddressIsAllocated": e.WrongState,
    "OperationNotAllowed": e.WrongState,
    "AllocationFailed": e.NoCapacity,
    "ZonalAllocationFailed": e.NoCapacity,
    "OverconstrainedAllocationRequest": e.NoCapacity,
    "OverconstrainedZonalAllocationRequest": e.NoCapacity,
    "SpotPriceGreaterThanProvidedMaxPrice": e.NoCapacity,
    "SubnetIsFull": e.NoCapacity,
    "SkuNotAvailable": e.NotOffered,
    "NotAvailableForSubscription": e.NotOffered,
    "AvailabilityZoneNotSupported": e.NotOffered,
    "LocationNotAvailableForResourceType": e.NotOffered,
    "AzureSpotIsNotSupportedForThisVMSize": e.NotOffered,
    "QuotaExceeded": e.QuotaExceeded,
    "ResourceCountExceedsLimitDueToTemplate": e.QuotaExceeded,
    "PublicIPCountLimitReached": e.QuotaExceeded,
    "InvalidParameter": e.InvalidSpec,
    "BadRequest": e.InvalidSpec,
    "InvalidRequestContent": e.InvalidSpec,
    "PlatformImageNotFound": e.InvalidSpec,
    "ImageNotFound": e.InvalidSpec,
    "GalleryImageNotFound": e.InvalidSpec,
    "PropertyChangeNotAllowed": e.InvalidSpec,
    "MarketplacePurchaseEligibilityFailed": e.InvalidSpec,
    "ResourcePurchaseValidationFailed": e.InvalidSpec,
    "InvalidResourceReference": e.NotThereYet,
    "ResourceNotFound": e.NotFound,
    "ResourceGroupNotFound": e.NotFound,
    "ParentResourceNotFound": e.NotFound,
    "NotFound": e.NotFound,
}
RUNS_ALL_THE_SAME = frozenset(
    {"OSProvisioningTimedOut", "OSProvisioningClientError", "VMExtensionProvisioningError", "VMStartTimedOut"}
)
"""Failures of what is inside a machine, which is there and runs."""
_AGAIN = timedelta(seconds=10)
_QUOTA = ("quota", "exceeding approved")


def codes_of(error: Any) -> Iterator[tuple[str, str]]:
    """(code, message), the innermost first: the network likes to wrap the true one."""
    if not isinstance(error, dict):
        return
    for one in error.get("details") or ():
        yield from codes_of(one)
    yield str(error.get("code") or ""), str(error.get("message") or "")


def meaning(error: Any, status: int = 0, retry_after: timedelta | None = None) -> ProviderError | None:
    """Of an error in an answer, in an operation or on a machine; None for one that is not in the table."""
    known = [(code, said) for code, said in codes_of(error) if code in CODES]
    if not known:
        return None
    code, said = known[0]
    found = CODES[code]
    if code == "OperationNotAllowed" and any(word in said.lower() for word in _QUOTA):
        found = e.QuotaExceeded
    elif status == 429 and found is e.WrongState and not code.startswith(("Retryable", "Referenced")):
        found = e.Throttled
    message = f"{CLOUD}: {code}: {scrubbed(said)}"
    if code == "MissingSubscriptionRegistration":
        message += " (az provider register -n Microsoft.Compute, and Microsoft.Network)"
    wait = retry_after or (_AGAIN if found is e.WrongState else None)
    return found(message, retry_after=wait)


def translate(answer: Answer, mutating: bool) -> ProviderError | None:
    """For the kit's HTTP; None: then the status decides."""
    if mutating and answer.status >= 500:
        return e.Ambiguous(f"{CLOUD} answered {answer.status}, and it may have acted", retry_after=answer.retry_after)
    error = answer.body.get("error") if isinstance(answer.body, dict) else None
    return meaning(error, answer.status, answer.retry_after)


def code_in(exc: ProviderError) -> str:
    """Azure's own code, as `meaning` put it into the message."""
    return exc.message.removeprefix(f"{CLOUD}: ").partition(":")[0]
