"""The table of AWS codes, pinned: what each means decides whether something is tried again, elsewhere, or never."""

from __future__ import annotations

import json

import pytest
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from im.providers import errors as e
from im.providers.aws.api.errors import CODES, translate
from im.providers.kit.text import LONGEST, scrubbed

PINNED: dict[type[e.ProviderError], set[str]] = {
    e.Throttled: {
        *("RequestLimitExceeded", "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled"),
        *("RequestThrottledException", "TooManyRequestsException", "EC2ThrottledException", "SlowDown"),
        "PriorRequestNotComplete",
    },
    e.Ambiguous: {
        *("InternalError", "InternalFailure", "InternalServerError", "RequestTimeout", "RequestTimeoutException"),
        *("ServiceUnavailable", "ServiceUnavailableException", "Unavailable", "IdempotentParameterMismatch"),
    },
    e.NoCapacity: {
        *("InsufficientInstanceCapacity", "InsufficientCapacity", "InsufficientHostCapacity"),
        *("InsufficientReservedInstanceCapacity", "InsufficientFreeAddressesInSubnet", "InsufficientVolumeCapacity"),
        "SpotMaxPriceTooLow",
    },
    e.QuotaExceeded: {
        *("InstanceLimitExceeded", "VcpuLimitExceeded", "MaxSpotInstanceCountExceeded", "VolumeLimitExceeded"),
        *("ResourceCountExceeded", "ResourceLimitExceeded", "NetworkInterfaceLimitExceeded", "KeyPairLimitExceeded"),
        *("TagLimitExceeded", "PendingVerification", "SecurityGroupLimitExceeded"),
        *("RulesPerSecurityGroupLimitExceeded", "SecurityGroupsPerInterfaceLimitExceeded"),
    },
    e.Forbidden: {
        *("UnauthorizedOperation", "AccessDenied", "AccessDeniedException", "AuthorizationError"),
        *("OperationNotPermitted", "OptInRequired", "Blocked", "AccountDisabled", "RegionDisabledException"),
        "AuthFailure.ServiceLinkedRoleCreationNotPermitted",
    },
    e.Unauthenticated: {
        *("AuthFailure", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidToken", "InvalidAccessKeyId"),
        *("SignatureDoesNotMatch", "MissingAuthenticationToken", "MissingAuthenticationTokenException"),
        *("IncompleteSignature", "InvalidSecurity", "ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        "RequestTimeTooSkewed",
    },
    e.NotFound: {
        *("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed", "InvalidInstanceID"),
        *("InvalidSpotInstanceRequestID.NotFound", "InvalidSpotInstanceRequestID.Malformed"),
    },
    e.WrongState: {
        *("IncorrectInstanceState", "IncorrectState", "InvalidInstanceState", "InvalidState"),
        *("DependencyViolation", "ResourceInUse"),
    },
    e.Interrupted: {"IncorrectSpotRequestState"},
    e.Unsupported: {"UnsupportedOperation", "UnsupportedHibernationConfiguration"},
    e.InvalidSpec: {
        *("InvalidParameterValue", "InvalidParameterCombination", "InvalidParameter", "MissingParameter"),
        *("MissingInput", "ValidationError", "ValidationException", "InvalidInput", "UnknownParameter"),
        *("MalformedQueryString", "InvalidRequest", "InvalidInstanceType", "InvalidInstanceType.NotFound"),
        *("InvalidZone.NotFound", "InvalidAvailabilityZone"),
        *("InvalidAMIID.NotFound", "InvalidAMIID.Malformed", "InvalidAMIID.Unavailable", "ParameterNotFound"),
        *("InvalidKeyPair.NotFound", "InvalidKeyPair.Duplicate", "InvalidKeyPair.Format", "InvalidKey.Format"),
        *("InvalidSubnetID.NotFound", "InvalidGroup.NotFound", "VPCIdNotSpecified", "VPCResourceNotSpecified"),
        *("InvalidSubnetID.Malformed", "InvalidVpcID.NotFound", "InvalidVpcID.Malformed", "InvalidGroup.Duplicate"),
        *("InvalidGroupId.Malformed", "InvalidPermission.Duplicate", "InvalidPermission.NotFound"),
        *("InvalidPermission.Malformed", "InvalidParameterDependency", "InvalidVolume.ZoneMismatch"),
        *("InvalidIamInstanceProfileArn.Malformed", "InvalidIamInstanceProfile.NotFound"),
        *("NoSuchEntity", "NoSuchEntityException"),
        *("InvalidBlockDeviceMapping", "InvalidSnapshot.NotFound"),
    },
    e.NotOffered: {"Unsupported", "UnsupportedException"},
    e.Rejected: {"IdempotentInstanceTerminated"},
}


def refused(code: str, status: int = 400, message: str = "no") -> boto.ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return boto.ClientError(answer, "RunInstances")  # type: ignore[arg-type]


def test_the_table_is_what_it_was() -> None:
    table = {kind: {code for code, meaning in CODES.items() if meaning.kind is kind} for kind in PINNED}
    assert table == PINNED
    assert sum(len(codes) for codes in PINNED.values()) == len(CODES)


@pytest.mark.parametrize(
    ("words", "status", "kind"),
    [
        ("AWS was not able to validate the provided access credentials", 401, e.Unauthenticated),
        ("Authorization header or parameters are not formatted correctly.", 400, e.Unauthenticated),
        ("a sentence that AWS has not said yet", 400, e.Unauthenticated),
        ("Not authorized for images: [ami-0123456789abcdef0]", 400, e.InvalidSpec),
        ("Unauthorized attempt to access restricted resource", 400, e.Forbidden),
        ("You do not have permission to access the specified resource.", 400, e.Forbidden),
        ("The address '203.0.113.7' does not belong to you.", 400, e.Forbidden),
    ],
)
def test_an_auth_failure_is_of_who_asks_or_of_what_was_asked_for(
    words: str, status: int, kind: type[e.ProviderError]
) -> None:
    assert type(translate(refused("AuthFailure", status, words), mutating=True)) is kind


@pytest.mark.parametrize(
    ("status", "kind"), [(400, e.Unknown), (403, e.Unknown), (429, e.Throttled), (500, e.Ambiguous)]
)
def test_a_code_without_a_word_goes_by_its_status(status: int, kind: type[e.ProviderError]) -> None:
    assert type(translate(refused("New", status), mutating=True)) is kind


@pytest.mark.parametrize("exc", [refused("InternalError", 500), refused("New", 500), ResponseParserError("half")])
def test_what_changes_nothing_is_never_ambiguous(exc: Exception) -> None:
    assert type(translate(exc, mutating=True)) is e.Ambiguous
    assert type(translate(exc, mutating=False)) is e.Unavailable


URL = "https://ec2.us-east-1.amazonaws.com/"


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (boto.ConnectTimeoutError(endpoint_url=URL), e.Unavailable),
        (boto.EndpointConnectionError(endpoint_url=URL), e.Unavailable),
        (boto.ProxyConnectionError(proxy_url="http://proxy"), e.Unavailable),
        (boto.ReadTimeoutError(endpoint_url=URL), e.Ambiguous),
        (boto.ConnectionClosedError(endpoint_url=URL), e.Ambiguous),
        (boto.ConnectionError(error="odd"), e.Ambiguous),
        (boto.HTTPClientError(error="odd"), e.Ambiguous),
        (boto.SSLError(endpoint_url=URL, error="bad record"), e.Ambiguous),
        (boto.ResponseStreamingError(error="torn"), e.Ambiguous),
        (boto.NoCredentialsError(), e.Unauthenticated),
        (boto.PartialCredentialsError(provider="env", cred_var="secret"), e.Unauthenticated),
        (boto.CredentialRetrievalError(provider="sso", error_msg="expired"), e.Unauthenticated),
        (boto.TokenRetrievalError(provider="sso", error_msg="expired"), e.Unauthenticated),
        (boto.SSOTokenLoadError(error_msg="none"), e.Unauthenticated),
        (boto.ProfileNotFound(profile="work"), e.Unauthenticated),
        (boto.ParamValidationError(report="no"), e.InvalidSpec),
        (boto.NoRegionError(), e.InvalidSpec),
        (boto.InvalidRegionError(region_name="a b"), e.InvalidSpec),
    ],
)
def test_exceptions_without_an_answer(exc: Exception, kind: type[e.ProviderError]) -> None:
    assert type(translate(exc, mutating=True)) is kind


def test_words_are_scrubbed_and_kept_short() -> None:
    key_id, blob = "ASIAIOSFODNN7EXAMPLE", "Zm9v" * 40
    clean = scrubbed(f"{key_id} said no. Encoded authorization failure message: {blob}")
    assert clean == "… said no."
    assert scrubbed(f"token {blob} end") == "token … end"
    assert len(scrubbed("word " * 1000)) == LONGEST


@pytest.mark.parametrize("spelt", [r'"no \ud800 room"', r'"no \udc00 room"', r'"no \u0000 room"'])
def test_what_json_can_spell_and_postgres_cannot_keep_is_left_out(spelt: str) -> None:
    assert scrubbed(json.loads(spelt)) == "no ? room"


def test_an_ordinary_message_keeps_its_ids_and_arns() -> None:
    said = "not authorized on arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0"
    assert scrubbed(said) == said
