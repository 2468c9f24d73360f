"""How the stand-in says no: AWS's own codes, words and HTTP statuses."""

from __future__ import annotations

from collections.abc import Sequence


class AwsError(Exception):
    """A refusal. Raised before anything changed, unless the text at the place it is raised says otherwise."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message
        self.status = status


STATUS = {
    "AuthFailure": 401,
    "InternalError": 500,
    "InternalFailure": 500,
    "InsufficientInstanceCapacity": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "Unavailable": 503,
    "UnauthorizedOperation": 403,
    "AccessDenied": 403,
    "DryRunOperation": 412,
}
"""The HTTP status of codes that are not a plain 400."""

WORDS = {
    "AuthFailure": "AWS was not able to validate the provided access credentials",
    "UnauthorizedOperation": "You are not authorized to perform this operation.",
    "AccessDenied": "You are not authorized to perform this operation.",
    "RequestLimitExceeded": "Request limit exceeded.",
    "InternalError": "An internal error has occurred",
    "Unavailable": "The server is overloaded and can't handle the request.",
    "ServiceUnavailable": "The request has failed due to a temporary failure of the server.",
    "ExpiredToken": "The security token included in the request is expired",
    "RequestExpired": "Request has expired.",
}


def error(code: str, message: str = "") -> AwsError:
    """The error of that code, with AWS's usual words and status when none are given."""
    return AwsError(code, message or WORDS.get(code, code), STATUS.get(code, 400))


def unknown_instances(ids: Sequence[str]) -> AwsError:
    one = len(ids) == 1
    return AwsError(
        "InvalidInstanceID.NotFound",
        f"The instance ID{'' if one else 's'} '{', '.join(ids)}' do{'es' if one else ''} not exist",
    )


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterValue", message)


def combination(message: str) -> AwsError:
    return AwsError("InvalidParameterCombination", message)


def no_capacity(instance_type: str, zone: str, elsewhere: Sequence[str]) -> AwsError:
    others = f" or choosing {', '.join(elsewhere)}" if elsewhere else ""
    return error(
        "InsufficientInstanceCapacity",
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested ({zone}). "
        f"Our system will be working on provisioning additional capacity. You can currently get {instance_type} capacity "
        f"by not specifying an Availability Zone in your request{others}.",
    )
