"""What is known of Lambda without asking it: defaults, and the mistakes that can be caught before anything is written.

A key sees every region, so there is one region of ours, and Lambda's is the zone.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.account import Account
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.firewall import ANYWHERE, Rule, gathered
from im.domain.spec.spec import SAID, Spec
from im.providers.kit.ipv4_rules import of_ipv4
from im.providers.kit.ssh_key import check_public_key
from im.providers.kit.user_data import check_text
from im.providers.lambda_cloud.account import REGION
from im.providers.lambda_cloud.capabilities import CAPABILITIES
from im.providers.lambda_cloud.flags import FILE_SYSTEM
from im.providers.request import Ask

if TYPE_CHECKING:
    from im.settings import Settings

REGIONS = (
    *("us-east-1", "us-east-2", "us-east-3", "us-midwest-1", "us-south-1", "us-south-2", "us-south-3"),
    *("us-west-1", "us-west-2", "us-west-3", "europe-central-1", "europe-south-1", "asia-northeast-1"),
    *("asia-northeast-2", "asia-south-1", "australia-east-1", "me-west-1"),
)
UNGUARDED = "us-south-1"
"""Where no firewall of Lambda's holds: https://docs-api.lambda.ai/api/cloud (firewall rules)."""
DEFAULT_TYPE, DEFAULT_REGION = "gpu_1x_a10", "us-east-1"
NEWEST = "lambda-stack"
"""No family: the newest Lambda Stack for the machine's processor is what a launch without an image gets."""
IMAGES = (NEWEST, "lambda-stack-24-04", "lambda-stack-22-04")
ALIASES = {"ubuntu": NEWEST, "ubuntu-24.04": "lambda-stack-24-04", "ubuntu-22.04": "lambda-stack-22-04"}
_TYPE = re.compile(r"(?:gpu|cpu)_[a-z0-9_]+", re.ASCII)
_REGION = re.compile(r"[a-z]+-[a-z]+-\d", re.ASCII)
_FAMILY = re.compile(r"[a-z][a-z0-9-]{0,63}", re.ASCII)
IMAGE_ID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
MACHINE = re.compile(r"[0-9a-f]{32}", re.ASCII)
_FILES = re.compile(r"[a-zA-Z]+[0-9a-zA-Z-]*", re.ASCII)
MOST_USER_DATA = 1_000_000


class LambdaProfile:
    """Lambda, offline."""

    name = "lambda"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: gpu_1x_a10 in us-east-1 with the newest Lambda Stack. Raises Refused with the nearest right form."""
        ask.refuse_options(self.name, FILE_SYSTEM)
        _refuse_what_is_not_there(ask)
        zone = check_region(ask.zone or DEFAULT_REGION)
        files = str(ask.options.get(FILE_SYSTEM) or "")
        spec = Spec(
            instance_type=check_type(ask.instance_type or DEFAULT_TYPE),
            zone=zone,
            image=check_image(ask.image or NEWEST),
            public_key=check_public_key(ask.public_key, "Lambda"),
            ssh_user=ask.ssh_user or "ubuntu",
            owner=ask.owner,
            firewall=_rules(ask, zone),
            user_data=ask.user_data,
            provider_options={FILE_SYSTEM: _check_files(files), SAID: {FILE_SYSTEM: files}} if files else {},
        )
        return Scope(self.name, account, REGION), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """One processor: what is made for a GH200 (ARM) does not run on another."""
        arm = {("gh200" in one.instance_type): one.instance_type for one in specs}
        if len(arm) > 1:
            raise Refused(
                f"{arm[True]} is an ARM machine and {arm[False]} is none: what runs on it does not run on the other",
                "name types of one kind",
            )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """A key acts for its whole team: there are no roles to take, and there is no guard."""

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        for one in machine_ids:
            if not MACHINE.fullmatch(one):
                raise Refused(f"'{one[:40]}' is not the id of an instance of Lambda's", "it has 32 digits and letters")
        return Scope(self.name, account, REGION)


PROFILE = LambdaProfile()


def _refuse_what_is_not_there(ask: Ask) -> None:
    if ask.spot is not None:
        raise Refused("Lambda has no spot machines", "leave --spot out")
    if ask.hibernate:
        raise Refused("Lambda cannot stop a machine, and keeps no memory of one", "leave --hibernate out")
    if ask.volumes or (ask.root_disk is not None and ask.root_disk != type(ask.root_disk)()):
        raise Refused(
            "the disk of a machine at Lambda belongs to its type, and ends with it",
            f"--{FILE_SYSTEM} NAME  mounts a filesystem of yours, which stays",
        )
    if ask.network or ask.subnet:
        raise Refused("Lambda has no networks of your own", "leave --vpc and --subnet out")
    check_text(ask.user_data, "Lambda", MOST_USER_DATA, "1 MB")


def _rules(ask: Ask, zone: str) -> tuple[Rule, ...] | None:
    """Of IPv4 alone, which is all that a machine there has."""
    rules = gathered(ask.ssh_from, ask.open_ports)
    if rules is None:
        return None
    if zone == UNGUARDED:
        if ask.ssh_from == (ANYWHERE[0],):
            return None
        raise Refused(
            f"Lambda's firewalls do not hold in {UNGUARDED}: whoever finds a machine there may knock",
            "choose another region, or say --ssh-from anywhere",
        )
    return of_ipv4(rules, "Lambda")


def _check_files(name: str) -> str:
    if not _FILES.fullmatch(name) or len(name) > 60:
        raise Refused(
            f"'{name[:40]}' is no name of a filesystem", "letters, digits and dashes, a letter first; one that is there"
        )
    return name


def check_type(name: str) -> str:
    """`name` itself. Raises Refused when it cannot be a type; whether it is sold is for Lambda to say."""
    small = name.strip().lower().replace("-", "_")
    if _TYPE.fullmatch(name):
        return name
    if _TYPE.fullmatch(small):
        raise Refused(f"'{name[:40]}' is not a type of Lambda's", f"did you mean {small}?")
    raise Refused(
        f"'{name[:40]}' is not a type of Lambda's", f"types look like {DEFAULT_TYPE}, gpu_1x_h100_sxm5 or gpu_8x_a100"
    )


def check_region(name: str) -> str:
    """A region, or `any`; one that is new to us is for Lambda to judge. Raises Refused."""
    if name == "any" or _REGION.fullmatch(name):
        return name
    near = difflib.get_close_matches(name.strip().lower(), REGIONS, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else f"choose {', '.join(REGIONS)} or any"
    raise Refused(f"'{name[:40]}' is not a region of Lambda's", hint)


def check_image(name: str) -> str:
    """A family of Lambda's, an alias of one (`ubuntu-24.04`), or an image's id."""
    meant = ALIASES.get(name, name)
    if meant in IMAGES or IMAGE_ID.fullmatch(meant):
        return meant
    if name.startswith(("debian", "fedora", "rocky")) or not _FAMILY.fullmatch(meant):
        near = difflib.get_close_matches(name.lower(), IMAGES, n=1)
        hint = f"did you mean {near[0]}?" if near else f"for example {', '.join(IMAGES)}, or an image's id"
        raise Refused(f"'{name[:40]}' is not an image of Lambda's", hint)
    return meant
