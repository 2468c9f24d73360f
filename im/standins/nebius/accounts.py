"""Whose a token is, what signed ones are changed for, and the projects of a tenant, each in one region."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt
from nebius.api.nebius.common.v1 import ResourceMetadata
from nebius.api.nebius.iam.v1 import (
    Container,
    ContainerSpec,
    ContainerStatus,
    CreateTokenResponse,
    ExchangeTokenRequest,
    GetProjectRequest,
)

from im.standins.grpc_service import Asked
from im.standins.nebius.errors import unauthenticated
from im.standins.nebius.tenant import Tenant

if TYPE_CHECKING:
    from im.standins.nebius.service import Nebius

AUDIENCE = "token-service.iam.new.nebiuscloud.net"
_LASTS = 12 * 3600
"""Seconds."""


def register(service: Nebius) -> None:
    service.reads("iam.v1.ProjectService/Get", GetProjectRequest, project)
    service.rpc(
        "/nebius.iam.v1.TokenExchangeService/Exchange", ExchangeTokenRequest, lambda asked: exchange(service, asked)
    )


def project(tenant: Tenant, asked: Any) -> Any:
    region = tenant.region_of(asked.id)
    about = ResourceMetadata(id=asked.id, parent_id=tenant.id, name=region)
    return Container(metadata=about, spec=ContainerSpec(region=region), status=ContainerStatus(region=region))


def exchange(service: Nebius, asked: Asked) -> Any:
    """RFC 8693: a token that the service account has signed itself, for one of ours."""
    signed = asked.message.subject_token
    try:
        key, account = service.public_keys[jwt.get_unverified_header(signed)["kid"]]
        # its times are not looked at: whoever signs goes by another clock than this stand-in's
        jwt.decode(signed, key, ["RS256"], audience=AUDIENCE, options={"verify_exp": False, "verify_iat": False})
    except (KeyError, jwt.PyJWTError) as exc:
        raise unauthenticated("the signed token is not valid") from exc
    kind = "urn:ietf:params:oauth:token-type:access_token"
    token = service.secret_of(account)
    return CreateTokenResponse(access_token=token, issued_token_type=kind, token_type="Bearer", expires_in=_LASTS)  # noqa: S106
