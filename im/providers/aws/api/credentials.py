"""Whose credentials: this process's own, a profile's, or those of a role that is assumed again before they expire.

Nothing is read or asked here before the first call is made, and no secret leaves this file but into boto3's session.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    CredentialProvider,
    CredentialResolver,
    DeferredRefreshableCredentials,
)
from botocore.utils import parse_timestamp

from im.domain.config.sandbox import sandbox_at
from im.domain.errors import Refused
from im.providers.aws.account import external_id, number_of, profile, role
from im.providers.aws.partition import home_of
from im.providers.errors import Unauthenticated

if TYPE_CHECKING:
    from im.domain.config.account import Account
    from im.settings import Settings

QUICK = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 2})
"""For AssumeRole: everything of that account waits for it."""

_ALONE: Any = {
    # in a sandbox, nobody's profile, config or credentials file is opened
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def open_session(settings: Settings, name: str) -> boto3.Session:
    """The session of the account that our settings call `name`. Raises Unauthenticated when they declare none."""
    try:
        account = settings.account_called(name, "aws")
    except Refused as exc:
        told = f"{exc.message} in the settings of this worker ({exc.hint})"
        raise Unauthenticated(told) from exc
    base = _base(settings, account)
    if not role(account):
        return boto3.Session(botocore_session=base)
    alone = botocore.session.Session(session_vars=_ALONE)
    assumed = _reading_fast(alone) if settings.sandbox else _base(settings, account)
    assumed.register_component("credential_provider", CredentialResolver([_Role(base, account, settings)]))
    if settings.sandbox:
        # moto forgets the roles it gave when it is restarted; this header tells it whose call it is all the same
        def name_it(**given: Any) -> None:
            given["request"].headers["x-moto-account-id"] = number_of(account)

        assumed.register("request-created", name_it)
    return boto3.Session(botocore_session=assumed)


def _base(settings: Settings, account: Account) -> botocore.session.Session:
    if settings.sandbox:
        pretended = _reading_fast(botocore.session.Session(session_vars=_ALONE))
        sandbox = sandbox_at(settings.sandbox_of("aws"))
        pretended.set_credentials(sandbox.key_id, sandbox.secret)
        return pretended
    return _reading_fast(botocore.session.Session(profile=profile(account) or None))


def _reading_fast(session: botocore.session.Session) -> botocore.session.Session:
    """boto3 reads every moment as if it might be written in any of a hundred ways: two fifths of the work of an answer."""
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
    return session


def moment(written: Any) -> datetime:
    """A moment as AWS writes them; anything else as boto3 would read it."""
    if isinstance(written, str):
        try:
            read = datetime.fromisoformat(written)
        except ValueError:
            return parse_timestamp(written)
        if read.tzinfo is not None:
            return read
    return parse_timestamp(written)


class _Role(CredentialProvider):
    """A provider in botocore's sense. What it loads is renewed by whoever finds it older than three quarters of its hour."""

    METHOD = "assume-role"
    CANONICAL_NAME = "im-account"

    def __init__(self, base: botocore.session.Session, account: Account, settings: Settings) -> None:
        self._base = base
        self._account = account
        self._settings = settings

    def load(self) -> DeferredRefreshableCredentials:
        source = self._base.get_credentials()
        if source is None:
            with_whom = (
                f"profile {profile(self._account)}" if profile(self._account) else "the workers' own credentials"
            )
            raise Unauthenticated(f"{role(self._account)} is to be assumed with {with_whom}, and there are none")
        named = {"RoleSessionName": "im"}
        if external_id(self._account):
            named["ExternalId"] = external_id(self._account)
        fetcher = AssumeRoleCredentialFetcher(self._sts, source, role(self._account), extra_args=named)
        return DeferredRefreshableCredentials(fetcher.fetch_credentials, self.METHOD, _now)

    def _sts(self, service: str, **keys: Any) -> Any:
        where: dict[str, Any] = {
            "region_name": home_of(role(self._account), str(self._settings.region_of(self._account.name, "aws"))),
            "config": QUICK,
        }
        if self._settings.sandbox:
            endpoint = sandbox_at(self._settings.sandbox_of("aws")).endpoint
            where |= {"config": QUICK.merge(Config(proxies={})), "endpoint_url": endpoint}
        make: Any = self._base.create_client
        return make(service, **where, **keys)


def _now() -> datetime:
    return datetime.now(UTC)
