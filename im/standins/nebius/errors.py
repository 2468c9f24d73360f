"""Nebius' way to say no: gRPC's code, and a `ServiceError` with one of its kinds of details."""

from __future__ import annotations

import grpc
from nebius.api.google.protobuf import Any as Packed
from nebius.api.google.rpc import Status
from nebius.api.nebius.common.v1 import (
    BadRequest,
    BadRequest__Violation,
    BadResourceState,
    NotEnoughResources,
    NotEnoughResources__Violation,
    OperationConflict,
    PermissionDenied,
    QuotaFailure,
    QuotaFailure__Violation,
    ResourceAlreadyExists,
    ResourceNotFound,
    ServiceError,
    TooManyRequests,
)

from im.standins.grpc_service import GrpcRefusal

Code = grpc.StatusCode


def status(code: grpc.StatusCode, message: str, error: ServiceError) -> bytes:
    packed = Packed(type_url="type.googleapis.com/nebius.common.v1.ServiceError", value=error.SerializeToString())
    made: bytes = Status(code=code.value[0], message=message, details=[packed]).SerializeToString()
    return made


def _no(code: grpc.StatusCode, message: str, error: ServiceError) -> GrpcRefusal:
    word = error.details.field if error.details is not None else code.name
    return GrpcRefusal(code, message, status(code, message, error), str(word))


def invalid(field: str, message: str) -> GrpcRefusal:
    told = BadRequest(violations=[BadRequest__Violation(field=field, message=message)])
    return _no(Code.INVALID_ARGUMENT, "Request validation error", ServiceError(service="compute", bad_request=told))


def not_found(what: str) -> GrpcRefusal:
    told = ServiceError(service="compute", resource_not_found=ResourceNotFound(resource_id=what))
    return _no(Code.NOT_FOUND, f"{what} not found", told)


def exists(what: str) -> GrpcRefusal:
    told = ServiceError(service="compute", resource_already_exists=ResourceAlreadyExists(resource_id=what))
    return _no(Code.ALREADY_EXISTS, f"Resource with name {what} already exists", told)


def bad_state(what: str, message: str) -> GrpcRefusal:
    told = ServiceError(service="compute", bad_resource_state=BadResourceState(resource_id=what, message=message))
    return _no(Code.FAILED_PRECONDITION, message, told)


def conflict(operation: str) -> GrpcRefusal:
    told = ServiceError(service="compute", operation_conflict=OperationConflict(conflicting_operation_id=operation))
    return _no(Code.ABORTED, f"Operation {operation} is still running", told)


def quota(what: str, limit: int) -> GrpcRefusal:
    told = QuotaFailure(violations=[QuotaFailure__Violation(quota=what, limit=str(limit), message="Quota exceeded")])
    message = f"Quota limit exceeded: {what} {limit}"
    return _no(Code.RESOURCE_EXHAUSTED, message, ServiceError(service="compute", quota_failure=told))


def too_many() -> GrpcRefusal:
    told = ServiceError(service="compute", too_many_requests=TooManyRequests(), retry_type=ServiceError.RetryType.CALL)
    return _no(Code.RESOURCE_EXHAUSTED, "Too many requests", told)


def forbidden(what: str) -> GrpcRefusal:
    told = ServiceError(service="iam", permission_denied=PermissionDenied(resource_id=what))
    return _no(Code.PERMISSION_DENIED, f"Permission denied on {what}", told)


def unauthenticated(message: str) -> GrpcRefusal:
    return GrpcRefusal(Code.UNAUTHENTICATED, message)


def no_room(platform: str) -> tuple[str, bytes]:
    """What the operation ends with: the message, and google.rpc.Status."""
    told = NotEnoughResources(violations=[NotEnoughResources__Violation(resource_type=platform, requested="1")])
    message = f"Not enough resources: {platform}"
    return message, status(Code.RESOURCE_EXHAUSTED, message, ServiceError(not_enough_resources=told))
