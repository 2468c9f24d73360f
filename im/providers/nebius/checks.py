"""What `im doctor` asks of Nebius: each project, its subnet and what is sold. Rights to change show only where they are used."""

from __future__ import annotations

from collections.abc import Sequence

from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.contract import Check
from im.providers.errors import InvalidSpec
from im.providers.kit.checks import check
from im.providers.nebius.account import MISSING
from im.providers.nebius.api import NebiusApi
from im.providers.nebius.features import Regions, listed
from im.providers.nebius.profile import DEFAULT_TYPE
from im.providers.nebius.projects import Projects

_ALLOW = "docs/clouds/nebius.md names the role that the service account needs in each project"


def checks(api: NebiusApi, projects: Projects, scope: Scope) -> Sequence[Check]:
    asked = {
        "endpoint": lambda: _machines(api, projects),
        "identity": projects.tenant,
        "projects": lambda: ", ".join(f"{project} in {region}" for region, project in projects.by_region().items()),
        "subnet": lambda: ", ".join(projects.subnet(one) for one in projects.by_region().values()),
        "type": lambda: _default_type(api, projects, scope),
    }
    return [check(name, ask, credentials=MISSING, allow=_ALLOW) for name, ask in asked.items()]


def _machines(api: NebiusApi, projects: Projects) -> str:
    there = sum(1 for project in projects.by_region().values() for _ in listed(api, project))
    return f"{there} machines in the projects, whoever made them"


def _default_type(api: NebiusApi, projects: Projects, scope: Scope) -> str:
    spec = Spec(DEFAULT_TYPE, "", "", "", "", "")
    where = Regions(api, projects).offering(scope, spec, [DEFAULT_TYPE])[DEFAULT_TYPE]
    if not where:
        raise InvalidSpec(f"{DEFAULT_TYPE} is sold in none of these regions: name a type with --instance-type")
    return f"{DEFAULT_TYPE} is sold in {', '.join(where)}"
