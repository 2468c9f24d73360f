"""The projects of an account: which region each lies in, whose they are, and the subnet that machines go into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock

from im.domain.errors import Refused
from im.providers import errors
from im.providers.errors import NotFound
from im.providers.nebius.account import EXTRA, PROJECTS
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.errors import CLOUD


class Projects:
    """Asked for once: a project stays where it is, and so does its subnet. Safe to be used by many threads."""

    def __init__(self, api: NebiusApi, named: Callable[[], Sequence[str]]) -> None:
        """`named`: their ids; raises Refused where they are written in a form that none has."""
        self._api, self._named = api, named
        self._lock = Lock()
        self._regions: dict[str, str] = {}
        self._tenants: dict[str, str] = {}
        self._subnets: dict[str, tuple[str, str]] = {}

    def by_region(self) -> Mapping[str, str]:
        """Region → project. Raises ProviderError, also where two of them are in one region."""
        found: dict[str, str] = {}
        for one in self._ids():
            region = self._asked(one)
            if region in found:
                raise errors.InvalidSpec(
                    f"{found[region]} and {one} are both in {region}: name one project for each region"
                )
            found[region] = one
        return found

    def in_region(self, region: str) -> str:
        """Raises NotOffered where there is none."""
        there = self.by_region()
        if region not in there:
            told = f"no project in {region} is known to this account, which has {', '.join(sorted(there))}"
            raise errors.NotOffered(f"{told}: name one in {PROJECTS}")
        return there[region]

    def tenant(self, *, afresh: bool = False) -> str:
        """Of the first: all of an account's are to be one tenant's."""
        first = self._ids()[0]
        if afresh:
            self._regions.pop(first, None)
        self._asked(first)
        return self._tenants[first] or first

    def subnet(self, project: str) -> str:
        return self._place(project)[0]

    def network(self, project: str) -> str:
        """That of the subnet."""
        return self._place(project)[1]

    def _place(self, project: str) -> tuple[str, str]:
        """The default subnet, or the first that there is, and its network."""
        with self._lock:
            if project not in self._subnets:
                rpc = "vpc.v1.SubnetService/List"
                there = list(self._api.items(rpc, "ListSubnetsRequest", "ListSubnetsResponse", parent_id=project))
                usual = [one for one in there if one.metadata.name.startswith("default-subnet")]
                if not there:
                    raise errors.InvalidSpec(f"the project {project} has no subnet: make one at {CLOUD}")
                one = (usual or there)[0]
                self._subnets[project] = (one.metadata.id, one.spec.network_id)
            return self._subnets[project]

    def _ids(self) -> Sequence[str]:
        try:
            ids = self._named()
        except Refused as exc:
            raise errors.InvalidSpec(f"{exc.message} in the settings of this worker ({exc.hint})") from exc
        if not ids and EXTRA.is_missing():
            raise EXTRA.missing(CLOUD)  # nothing helps before it is there
        if not ids:
            raise errors.Unauthenticated(f"no project of {CLOUD} is known to this worker: set {PROJECTS} there")
        return ids

    def _asked(self, project: str) -> str:
        with self._lock:
            if project not in self._regions:
                try:
                    told = self._api.get("iam.v1.ProjectService/Get", "GetProjectRequest", "Container", id=project)
                except NotFound as exc:
                    raise errors.Forbidden(f"{CLOUD} shows no project {project} to these credentials") from exc
                self._tenants[project] = told.metadata.parent_id
                self._regions[project] = told.status.region or told.spec.region
            return self._regions[project]
