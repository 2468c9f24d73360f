"""What is known of EC2 without asking it: defaults, and the mistakes that can be caught before anything is written."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from im.domain.config.region import said_by
from im.domain.errors import Refused
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.providers.aws.account import role
from im.providers.aws.capabilities import CAPABILITIES
from im.providers.aws.launch import options
from im.providers.aws.launch.families import NEWER, USUAL, architecture_of, default_type, twin_of
from im.providers.aws.launch.images import check_built_for, check_image, check_published, is_windows
from im.providers.aws.partition import check_arn
from im.providers.aws.region import DEFAULT
from im.providers.kit.ssh_key import check_key_for_windows, check_public_key

if TYPE_CHECKING:
    from im.domain.config.account import Account
    from im.providers.request import Ask
    from im.settings import Settings

_SIDES = "central|north|south|east|west|northeast|northwest|southeast|southwest"
_REGION = re.compile(rf"[a-z]{{2,4}}(?:-(?:gov|iso[a-z]?|de))?-(?:{_SIDES})-\d{{1,2}}", re.ASCII)
# a zone is a region and a letter; a local zone (us-west-2-lax-1a) names its city in between
_ZONE = re.compile(rf"(?P<region>{_REGION.pattern})(?:-[a-z]{{3}}-\d{{1,2}})?[a-z]", re.ASCII)

_MACHINE = re.compile(r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})", re.ASCII)

_REGIONS = (
    *("us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "ca-west-1", "mx-central-1", "sa-east-1"),
    *("eu-central-1", "eu-central-2", "eu-west-1", "eu-west-2", "eu-west-3", "eu-north-1", "eu-south-1", "eu-south-2"),
    *("af-south-1", "il-central-1", "me-central-1", "me-south-1", "ap-east-1", "ap-east-2", "ap-south-1", "ap-south-2"),
    *("ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-4", "ap-southeast-5", "ap-southeast-6", "ap-southeast-7"),
)
"""The public ones. A region that is newer than this list is believed when AWS_REGION names it."""

_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge", "metal")
_TYPE = re.compile(
    r"(?P<family>[a-z][a-z0-9-]*\d[a-z0-9-]*)\.(?:nano|micro|small|medium|large|\d{0,3}xlarge|metal(?:-\d{1,3}xl)?)",
    re.ASCII,
)


class AwsProfile:
    """EC2, offline."""

    name = "aws"
    capabilities = CAPABILITIES

    def plan(self, ask: Ask, *, account: str, default_region: str | None) -> tuple[Scope, Spec]:
        """Defaults: t2.nano (else t3.nano), zone `a` of the region, Amazon Linux 2023. Raises Refused with the nearest form."""
        region, zone = _where(ask, default_region or DEFAULT)
        usual, because = (NEWER, "") if ask.spot else default_type(region, zone)
        instance_type = check_type(ask.instance_type) if ask.instance_type else usual
        image, ssh_user = check_image(ask.image)
        check_built_for(image, instance_type)
        check_published(image, region)
        told = {"type_because": because} if because and not ask.instance_type else {}
        public_key = check_public_key(ask.public_key, "EC2")
        if is_windows(image):
            check_key_for_windows(public_key)
        spec = Spec(
            instance_type=instance_type,
            zone=zone,
            image=image,
            public_key=public_key,
            ssh_user=ask.ssh_user or ssh_user,
            owner=ask.owner,
            firewall=options.firewall_of(ask, image),
            disks=options.disks_of(ask, image),
            windows=is_windows(image),
            spot=options.spot_of(ask, instance_type, region),
            hibernate=ask.hibernate and options.check_hibernation(ask, image, instance_type),
            public_ip={"yes": True, "no": False}.get(str(ask.options.get("public-ip"))),
            user_data=ask.user_data,
            provider_options=options.options_of(ask, region) | told,
        )
        return Scope(self.name, account, region), spec

    def check_together(self, specs: Sequence[Spec]) -> None:
        """What is installed on one machine has to run on whichever it becomes, so all are of one architecture."""
        first = specs[0].instance_type
        alike = architecture_of(first)
        for other in (one.instance_type for one in specs):
            if architecture_of(other) != alike:
                raise Refused(
                    f"{first} is {alike} and {other} is {architecture_of(other)}: what runs on one does not run on the other",
                    f"name types of one architecture; for {other} that would be {twin_of(other, alike)}",
                )

    def check_access(self, scope: Scope, account: Account, settings: Settings, *, guarded: bool) -> None:
        """Every role is of the region's partition: accounts of one are unknown in all others."""
        guard_role = _guard_role(settings) if guarded else ""
        for what, arn in ((f"the role of the account {account.name}", role(account)), ("IM_GUARD_ROLE", guard_role)):
            if arn:
                check_arn(arn, what, scope.region, "name a zone of that partition, or another account")

    def locate(self, machine_ids: Sequence[str], *, account: str, region: str) -> Scope:
        """An EC2 id is `i-` and 8 or 17 hex digits."""
        for one in machine_ids:
            if not _MACHINE.fullmatch(one):
                raise Refused(f"'{one[:40]}' is not an EC2 instance id", "it looks like i-0123456789abcdef0")
        return Scope(self.name, account, check_region(region, "--region"))


PROFILE = AwsProfile()


def _guard_role(settings: Settings) -> str:
    from im.providers.aws.settings import AwsSettings

    return settings.own(AwsSettings).guard_role


def _where(ask: Ask, default_region: str) -> tuple[str, str]:
    """(region, zone). The zone of a subnet is the subnet's, and so is not named: empty."""
    said = said_by(default_region) or "AWS_REGION"
    if not ask.subnet:
        zone = ask.zone or f"{check_region(default_region, said)}a"
        region = check_zone(zone)
        if region != default_region:
            _refuse_unheard_of(region, zone)
        return region, zone
    if ask.zone:
        region = check_zone(ask.zone)
        elsewhere = f", and say AWS_REGION={region} if that is where it is" if region != default_region else ""
        raise Refused(
            f"the zone follows the subnet, and {ask.zone} may be another one",
            f"leave --availability-zone out{elsewhere}",
        )
    return check_region(default_region, said), ""


def check_zone(zone: str) -> str:
    """The region that `zone` lies in. Raises Refused when it cannot be a zone."""
    matched = _ZONE.fullmatch(zone)
    if matched:
        return matched["region"]
    shown, small = zone[:40], zone.strip().lower()
    no_zone = f"'{shown}' is not an availability zone"
    if _REGION.fullmatch(small):
        raise Refused(f"'{shown}' is a region, not an availability zone", f"add the zone's letter, like {small}a")
    if _ZONE.fullmatch(small):
        raise Refused(no_zone, f"did you mean {small}?")
    doubled = re.fullmatch(rf"({_REGION.pattern})([a-z]{{2,}})", small, re.ASCII)
    if doubled:
        letters = sorted(set(doubled[2]))[:3]
        raise Refused(no_zone, f"did you mean {' or '.join(doubled[1] + letter for letter in letters)}?")
    raise Refused(no_zone, _nearest_zone(small))


def _refuse_unheard_of(region: str, zone: str) -> None:
    """A slip in a zone would otherwise be an endpoint that nobody answers at. Regions apart from the public ones are let be."""
    if region in _REGIONS or re.match(r"cn-|[a-z]+-(?:gov|iso|de)", region, re.ASCII):
        return
    near = difflib.get_close_matches(region, _REGIONS, n=2, cutoff=0.75)
    meant = f"did you mean {' or '.join(one + zone.removeprefix(region) for one in near)}?  " if near else ""
    raise Refused(f"there is no region {region} that im has heard of", f"{meant}If it is new, set AWS_REGION={region}")


def _nearest_zone(small: str) -> str:
    letter = small[-1] if re.search("[0-9][a-f]$", small) else "a"
    near = difflib.get_close_matches(small.rstrip("abcdef"), _REGIONS, n=2, cutoff=0.85)
    if near:
        return f"did you mean {' or '.join(region + letter for region in near)}?"
    return "a zone is a region and a letter, like us-east-1a"


def check_region(region: str, said: str = "AWS_REGION") -> str:
    """`region` itself, if it can be one. Raises Refused, naming where it was said: a variable, an option, a file."""
    if _REGION.fullmatch(region):
        return str(region)
    variable = re.fullmatch(r"[A-Z_]+|--[a-z]+", said, re.ASCII) is not None
    given = f"{said}={region[:40]}" if variable else f"'{region[:40]}', which is {said},"
    if _ZONE.fullmatch(region):
        near, what = [region[:-1]], "an availability zone, not a region"
    else:
        near, what = difflib.get_close_matches(region.lower(), _REGIONS, n=2, cutoff=0.85), "not a region"
        near = near or difflib.get_close_matches(region.lower(), _REGIONS, n=1, cutoff=0.6) or [DEFAULT]
    better = [f"{said}={one}" if variable else one for one in near]
    raise Refused(f"{given} is {what}", f"{'set' if variable else 'write'} {' or '.join(better)}")


def check_type(instance_type: str) -> str:
    """`family.size`, as given. Raises Refused when it cannot be a type; whether it exists is for the cloud to say."""
    if _TYPE.fullmatch(instance_type):
        return instance_type
    small = instance_type.strip().lower()
    family, _, size = small.partition(".")
    if not size and not small.endswith("."):
        split = re.fullmatch(rf"(.*?\d[a-z-]*?)[-_ ]?(\d{{0,3}}(?:{'|'.join(_SIZES)}))", small, re.ASCII)
        family, size = (split[1], split[2]) if split else (small, "")
    number = re.match(r"\d{0,3}", size, re.ASCII)[0]  # type: ignore[index]  # it matches every text
    near = difflib.get_close_matches(size.removeprefix(number), _SIZES, n=1)
    if near == ["xlarge"]:
        near = [f"{number}xlarge"]
    known_family = re.fullmatch(r"[a-z][a-z0-9-]*\d[a-z0-9-]*", family, re.ASCII) is not None
    if known_family and _TYPE.fullmatch(f"{family}.{size}"):
        hint = f"did you mean {family}.{size}?"
    elif known_family and near:
        hint = f"did you mean {family}.{near[0]}?"
    elif known_family:
        hint = f"name a size as well, like {family}.micro or {family}.large"
    else:
        hint = f"a type is a family and a size, like {USUAL} or m7i.2xlarge"
    raise Refused(f"'{instance_type[:40]}' is not an instance type", hint)
