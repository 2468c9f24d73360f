"""boto3 clients: one session per account, one client per region and purpose, made when first used.

Made in the process that uses them, after any fork; a client may be used by several threads.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import boto3
from botocore.config import Config

from im.domain.config.sandbox import sandbox_at
from im.providers.aws.api import fast_parser
from im.providers.aws.api.credentials import open_session
from im.providers.aws.api.enabled_regions import EnabledRegions
from im.providers.aws.api.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_sts import STSClient

    from im.settings import Settings

PATIENT = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
"""For calls that may be repeated freely: describing, listing, importing a key."""
WATCH = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 4})
"""For looking at machines: as patient, and its long answers are read by `quick`."""
LAUNCH = Config(connect_timeout=3, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 1})
"""A launch takes its time, and is repeated from its row alone, after a look: not every cloud honours the token."""
QUICK = Config(connect_timeout=3, read_timeout=8, retries={"mode": "standard", "total_max_attempts": 1})
"""For start, stop, terminate: one attempt that fits the lease of the row; the row retries. Answers are read by `quick`."""


class Clients:
    """The session of one account of ours (the usual one when not named) and its clients; in a sandbox, all of its endpoint."""

    def __init__(self, settings: Settings, account: str = "") -> None:
        self._settings = settings
        self._account_name = account or settings.account
        self._endpoint = sandbox_at(settings.sandbox_of("aws")).endpoint if settings.sandbox else ""
        self._lock = Lock()
        self._session: boto3.Session | None = None
        self._made: dict[tuple[str, str, int], Any] = {}
        self._regions = EnabledRegions(lambda region: self.ec2(region, QUICK))

    def ec2(self, region: str, config: Config = PATIENT) -> EC2Client:
        client: EC2Client = self._client("ec2", region, config)
        return client

    def ssm(self, region: str) -> SSMClient:
        client: SSMClient = self._client("ssm", region, PATIENT)
        return client

    def sts(self, region: str) -> STSClient:
        client: STSClient = self._client("sts", region, PATIENT)
        return client

    def pricing(self, region: str) -> Any:
        """The Price List API; boto3's stubs for it are not worth a dependency."""
        return self._client("pricing", region, QUICK)

    def scheduler(self, region: str) -> Any:
        """EventBridge Scheduler; as above."""
        return self._client("scheduler", region, QUICK)

    def iam(self, region: str) -> Any:
        """IAM of the region's partition; as above."""
        return self._client("iam", region, QUICK)

    def key_id(self) -> str:
        """Of the keys in use now; empty when there are none. Keys that are about to expire are exchanged first."""
        with self._lock, translated():
            session = self._open()
        with translated():
            found = session.get_credentials()
            return (found.access_key or "") if found is not None else ""

    def knows_region(self, region: str) -> bool:
        """Does this version of boto3 know the region? It may be older than the region."""
        session = self._open()
        return any(
            region in session.get_available_regions("ec2", partition_name=partition)
            for partition in session.get_available_partitions()
        )

    def _client(
        self, service: Literal["ec2", "ssm", "sts", "pricing", "scheduler", "iam"], region: str, config: Config
    ) -> Any:
        key = (service, region, id(config))
        with self._lock, translated():
            if key not in self._made:
                make: Any = self._open().client  # one overload per service; ours is a variable
                if self._endpoint:
                    config = config.merge(Config(proxies={}))  # the sandbox is on this machine; a proxy cannot see it
                    self._made[key] = make(service, region_name=region, endpoint_url=self._endpoint, config=config)
                else:
                    self._made[key] = make(service, region_name=region, config=config)
                equip(self._made[key], key[2], self._regions)
            return self._made[key]

    def _open(self) -> boto3.Session:
        if self._session is None:
            self._session = open_session(self._settings, self._account_name)
        return self._session


def equip(client: Any, purpose: int, regions: EnabledRegions) -> None:
    """Whatever others have written into tags and names, every answer of EC2 is read; `purpose`: the `id` of a Config above."""
    fast_parser.tolerate(client)
    regions.tell_from_wrong_credentials(client)
    if purpose in (id(WATCH), id(LAUNCH), id(QUICK)):
        fast_parser.install(client)
