"""How AWS says no, in our eleven words: one table of codes, one place where boto3's exceptions end.

Sources: the EC2 API reference (Error codes; Request throttling; Ensuring idempotency) and botocore's own exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError
from urllib3.exceptions import LocationParseError

from im.address import reason, shown
from im.providers import errors as e
from im.providers.kit.text import scrubbed


class Meaning(NamedTuple):
    kind: type[e.ProviderError]
    says: str
    """What it means for a person; the cloud's own words follow in the message."""


_TABLE: tuple[tuple[type[e.ProviderError], str, str], ...] = (
    # asked too often; PriorRequestNotComplete is how Spot says it
    (
        e.Throttled,
        "AWS asks us to slow down",
        "RequestLimitExceeded Throttling ThrottlingException ThrottledException RequestThrottled SlowDown "
        "RequestThrottledException TooManyRequestsException EC2ThrottledException PriorRequestNotComplete",
    ),
    # comes with status 500 or 400, and is a definite answer all the same
    (
        e.NoCapacity,
        "AWS has no such machine to give in this zone now",
        "InsufficientInstanceCapacity InsufficientCapacity InsufficientHostCapacity "
        "InsufficientReservedInstanceCapacity",
    ),
    # other zones have other prices, and the price may fall
    (e.NoCapacity, "the spot price is above --max-price in this zone now", "SpotMaxPriceTooLow"),
    (e.NoCapacity, "the subnet of this zone has no free address", "InsufficientFreeAddressesInSubnet"),
    (e.NoCapacity, "AWS has no volume to give in this zone now", "InsufficientVolumeCapacity"),
    (
        e.QuotaExceeded,
        "the account's quota is used up; ask AWS for more, or terminate something",
        "InstanceLimitExceeded VcpuLimitExceeded MaxSpotInstanceCountExceeded VolumeLimitExceeded "
        "ResourceCountExceeded ResourceLimitExceeded NetworkInterfaceLimitExceeded KeyPairLimitExceeded "
        "SecurityGroupLimitExceeded RulesPerSecurityGroupLimitExceeded SecurityGroupsPerInterfaceLimitExceeded",
    ),
    (e.QuotaExceeded, "the machine has too many tags", "TagLimitExceeded"),
    (e.QuotaExceeded, "AWS is still checking this new account", "PendingVerification"),
    (
        e.Forbidden,
        "our credentials may not do this",
        "UnauthorizedOperation AccessDenied AccessDeniedException AuthorizationError",
    ),
    (e.Forbidden, "the machine is protected against this", "OperationNotPermitted"),
    (
        e.Forbidden,
        "nobody has used spot in this account yet; once: aws iam create-service-linked-role --aws-service-name "
        "spot.amazonaws.com",
        "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
    ),
    (e.Forbidden, "the account is not open for this", "OptInRequired Blocked AccountDisabled RegionDisabledException"),
    (
        e.Unauthenticated,
        "AWS does not accept our credentials",
        "AuthFailure InvalidClientTokenId UnrecognizedClientException InvalidToken SignatureDoesNotMatch "
        "InvalidAccessKeyId MissingAuthenticationToken MissingAuthenticationTokenException IncompleteSignature "
        "InvalidSecurity",
    ),
    (e.Unauthenticated, "our credentials have expired", "ExpiredToken ExpiredTokenException"),
    (e.Unauthenticated, "AWS finds this machine's clock wrong", "RequestExpired RequestTimeTooSkewed"),
    # an id that is malformed is one that no machine has
    (
        e.NotFound,
        "AWS knows no such machine",
        "InvalidInstanceID.NotFound InvalidInstanceID.Malformed InvalidInstanceID",
    ),
    (
        e.NotFound,
        "AWS knows no such spot request",
        "InvalidSpotInstanceRequestID.NotFound InvalidSpotInstanceRequestID.Malformed",
    ),
    (
        e.WrongState,
        "the machine is not in a state for this",
        "IncorrectInstanceState IncorrectState InvalidInstanceState InvalidState",
    ),
    (e.Interrupted, "AWS took this spot machine back, and alone starts it again", "IncorrectSpotRequestState"),
    (e.WrongState, "something still uses it", "DependencyViolation ResourceInUse"),
    (e.Unsupported, "this machine can never do that", "UnsupportedOperation"),
    (e.Unsupported, "this machine cannot hibernate", "UnsupportedHibernationConfiguration"),
    (
        e.InvalidSpec,
        "AWS refuses the request as it is",
        "InvalidParameterValue InvalidParameterCombination InvalidParameter MissingParameter MissingInput "
        "ValidationError ValidationException InvalidInput UnknownParameter MalformedQueryString InvalidRequest",
    ),
    (e.InvalidSpec, "there is no such instance type", "InvalidInstanceType InvalidInstanceType.NotFound"),
    # of RunInstances: the zone does not offer the type, or the type not the option
    (e.NotOffered, "this type or option is not offered here", "Unsupported UnsupportedException"),
    (e.InvalidSpec, "there is no such availability zone", "InvalidZone.NotFound InvalidAvailabilityZone"),
    (e.InvalidSpec, "there is no such image here", "InvalidAMIID.NotFound InvalidAMIID.Malformed ParameterNotFound"),
    (e.InvalidSpec, "the image cannot be used", "InvalidAMIID.Unavailable"),
    (e.InvalidSpec, "the key pair cannot be used", "InvalidKeyPair.NotFound InvalidKeyPair.Duplicate"),
    (e.InvalidSpec, "the public key cannot be used", "InvalidKeyPair.Format InvalidKey.Format"),
    (
        e.InvalidSpec,
        "the network cannot be used",
        "InvalidSubnetID.NotFound InvalidSubnetID.Malformed InvalidVpcID.NotFound InvalidVpcID.Malformed "
        "InvalidGroup.NotFound InvalidGroup.Duplicate InvalidGroupId.Malformed InvalidPermission.Duplicate "
        "InvalidPermission.NotFound InvalidPermission.Malformed VPCIdNotSpecified VPCResourceNotSpecified",
    ),
    (
        e.InvalidSpec,
        "the disk cannot be used",
        "InvalidBlockDeviceMapping InvalidSnapshot.NotFound InvalidParameterDependency InvalidVolume.ZoneMismatch",
    ),
    (
        e.InvalidSpec,
        "the instance profile cannot be used",
        "InvalidIamInstanceProfileArn.Malformed InvalidIamInstanceProfile.NotFound NoSuchEntity NoSuchEntityException",
    ),
    # the launch token was used before: what it made has to be looked for
    (e.Ambiguous, "an earlier call with this token said something else", "IdempotentParameterMismatch"),
    (e.Rejected, "the machines of this launch were terminated", "IdempotentInstanceTerminated"),
    # AWS is ill; a status in the five hundreds does not say whether it fell ill before or after doing it
    (
        e.Ambiguous,
        "AWS is not well now",
        "ServiceUnavailable ServiceUnavailableException Unavailable InternalError InternalFailure InternalServerError "
        "RequestTimeout RequestTimeoutException",
    ),
)

REGION_NOT_ENABLED = "im.RegionNotEnabled"
"""No code of AWS's: written by `enabled_regions` in place of one that speaks of credentials, with a sentence of ours."""
CODES = {code: Meaning(kind, says) for kind, says, codes in _TABLE for code in codes.split()}
"""Every code that we have a word for; a test pins the table."""

_NOT_OF_WHO_ASKS = (
    (re.compile(r"not authorized for images", re.I), Meaning(e.InvalidSpec, "the image is gone, or not ours to use")),
    (
        re.compile(r"\b(?:authorized|permissions?|restricted|(?:not|n't) (?:own|belong))\b", re.I),
        Meaning(e.Forbidden, "our credentials may not do this"),
    ),
)
"""AuthFailure is said of credentials, with status 401, and with 400 of things that are another account's (EC2: Error codes;
toil#3512): no other credentials of the account would change that, so it is not to be waited for."""

_UNSENT = (boto.EndpointConnectionError, boto.ConnectTimeoutError, boto.ProxyConnectionError)
_NO_CREDENTIALS = (
    *(boto.NoCredentialsError, boto.PartialCredentialsError, boto.CredentialRetrievalError, boto.ProfileNotFound),
    *(boto.TokenRetrievalError, boto.SSOError, boto.MetadataRetrievalError, boto.NoAuthTokenError),
    *(boto.ConfigParseError, boto.ConfigNotFound, boto.InvalidConfigError),
)
_BAD_REQUEST = (
    *(boto.ParamValidationError, boto.NoRegionError, boto.InvalidRegionError, boto.UnknownEndpointError),
    *(boto.EndpointProviderError, boto.InvalidEndpointConfigurationError),
)


@contextmanager
def translated(*, mutating: bool = False) -> Iterator[None]:
    """Let only ProviderErrors out. `mutating`: without an answer, the call may have had its effect."""
    try:
        yield
    except (boto.ClientError, boto.BotoCoreError, ResponseParserError) as exc:
        raise translate(exc, mutating=mutating) from exc


def translate(exc: Exception, *, mutating: bool) -> e.ProviderError:
    """Our word for boto3's exception. A call that changes nothing is never Ambiguous: at worst it is Unavailable."""
    error = _from_answer(exc) if isinstance(exc, boto.ClientError) else _without_answer(exc)
    if isinstance(error, e.Ambiguous) and not mutating:
        return e.Unavailable(error.message, retry_after=error.retry_after)
    return error


def _from_answer(exc: boto.ClientError) -> e.ProviderError:
    code = cloud_code(exc)
    status = exc.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    words = scrubbed(str(exc.response.get("Error", {}).get("Message") or f"status {status}"))
    if code == REGION_NOT_ENABLED:
        return e.Forbidden(words)
    meaning = CODES.get(code) or _by_status(status)
    if code == "AuthFailure" and status != 401:
        meaning = next((told for pattern, told in _NOT_OF_WHO_ASKS if pattern.search(words)), meaning)
    return meaning.kind(f"{meaning.says} ({code}: {words})", retry_after=_retry_after(exc))


def _by_status(status: int) -> Meaning:
    if status == 429:
        return Meaning(e.Throttled, "AWS asks us to slow down")
    if status >= 500:
        return Meaning(e.Ambiguous, "AWS is not well now")
    return Meaning(e.Unknown, "AWS refuses, with a code we have no word for")


def _without_answer(exc: Exception) -> e.ProviderError:
    words = scrubbed(str(exc))
    told: dict[str, object] = getattr(exc, "kwargs", {})
    if isinstance(told.get("error"), LocationParseError):  # its words repeat a piece of the password
        return e.Unavailable("AWS cannot be reached: the proxy's address (HTTPS_PROXY) cannot be read")
    if isinstance(exc, _UNSENT):
        where = shown(str(told.get("proxy_url") or told.get("endpoint_url") or ""))
        who = f"the proxy {where}" if told.get("proxy_url") else where
        return e.Unavailable(f"AWS cannot be reached: {who} does not answer: {reason(_cause(told, exc))}")
    if isinstance(exc, _NO_CREDENTIALS):
        return e.Unauthenticated(f"no usable AWS credentials: {words}")
    if isinstance(exc, _BAD_REQUEST):
        return e.InvalidSpec(f"AWS cannot be asked this: {words}")
    if isinstance(exc, ResponseParserError):
        # its text would repeat the answer's bytes
        return e.Ambiguous("AWS sent an answer that cannot be read")
    return e.Ambiguous(f"no answer from AWS: {words}")


def _cause(told: dict[str, object], exc: Exception) -> BaseException:
    wrapped = told.get("error")
    return wrapped if isinstance(wrapped, BaseException) else exc


def cloud_code(exc: BaseException | None) -> str:
    """AWS's own code of a ClientError, or of the ProviderError made from one; empty when there was none."""
    source = exc.__cause__ if isinstance(exc, e.ProviderError) else exc
    if not isinstance(source, boto.ClientError):
        return ""
    return str(source.response.get("Error", {}).get("Code", ""))


def cloud_message(exc: e.ProviderError) -> str:
    """AWS's own words in full, for finding the ids in them; never to be shown or stored. Ours when there were none."""
    source = exc.__cause__
    return (
        str(source.response.get("Error", {}).get("Message", ""))
        if isinstance(source, boto.ClientError)
        else exc.message
    )


def _retry_after(exc: boto.ClientError) -> timedelta | None:
    written = exc.response.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("retry-after", "")
    return timedelta(seconds=int(written)) if re.fullmatch(r"\d{1,4}", written, re.ASCII) else None
