"""Regions and zones of Compute Engine: a zone is a region and a letter, `us-central1-a`."""

from __future__ import annotations

import difflib
import re

from im.domain.errors import Refused

REGIONS = (
    *("us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3", "us-west4"),
    *("northamerica-northeast1", "northamerica-northeast2", "northamerica-south1", "southamerica-east1"),
    *("southamerica-west1", "europe-central2", "europe-north1", "europe-north2", "europe-southwest1", "europe-west1"),
    *("europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8", "europe-west9", "europe-west10"),
    *("europe-west12", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3"),
    *("asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "asia-southeast3", "australia-southeast1"),
    *("australia-southeast2", "me-central1", "me-central2", "me-west1", "africa-south1"),
)
"""The public ones. One that is newer than this list is believed when somebody's own settings name it."""
DEFAULT_REGION = "us-central1"
_WITHOUT_A = ("us-east1", "europe-west1")
"""Their zones are b, c and d: https://cloud.google.com/compute/docs/regions-zones."""
_REGION = re.compile(r"[a-z]+-[a-z]+\d{1,2}", re.ASCII)
_ZONE = re.compile(rf"({_REGION.pattern})-[a-z]", re.ASCII)


def region_of(zone: str) -> str:
    """The region that a zone lies in; empty for what is no zone."""
    found = _ZONE.fullmatch(zone)
    return found[1] if found else ""


def first_zone(region: str) -> str:
    return f"{region}-{'b' if region in _WITHOUT_A else 'a'}"


def check_region(name: str, said: str = "") -> str:
    """`name` itself. Raises Refused for what cannot be a region; `said`: where it was read, which makes a new one believed."""
    if name in REGIONS or (said and _REGION.fullmatch(name)):
        return str(name)
    where = f" ({said})" if said else ""
    if region := region_of(name.strip().lower()):
        raise Refused(f"'{name[:40]}' is a zone, not a region{where}", f"did you mean {region}?")
    near = difflib.get_close_matches(name.strip().lower(), REGIONS, n=2, cutoff=0.6)
    hint = f"did you mean {' or '.join(near)}?" if near else f"a region looks like {DEFAULT_REGION} or europe-west1"
    raise Refused(f"'{name[:40]}' is not a region of Google's{where}", hint)


def check_place(name: str) -> str:
    """A region or a zone, as somebody's own settings say it: a new one is believed. Raises Refused."""
    if region := region_of(name):
        check_zone(name, region)
    else:
        check_region(name, "said")
    return name


def check_zone(zone: str, usual: str) -> str:
    """The region that `zone` lies in; one that im has not heard of only where it is the `usual` one. Raises Refused."""
    small = zone.strip().lower()
    region = region_of(small)
    if not region:
        if _REGION.fullmatch(small) or small in REGIONS:
            raise Refused(f"'{zone[:40]}' is a region, not a zone", f"add the zone's letter, like {first_zone(small)}")
        joined = re.fullmatch(rf"({_REGION.pattern})([a-z])", small, re.ASCII)
        near = [f"{joined[1]}-{joined[2]}"] if joined else difflib.get_close_matches(small, map(first_zone, REGIONS), 1)
        hint = f"did you mean {near[0]}?" if near else f"a zone is a region and a letter, like {DEFAULT_REGION}-a"
        raise Refused(f"'{zone[:40]}' is not a zone of Google's", hint)
    if small != zone:
        raise Refused(f"'{zone[:40]}' is not a zone of Google's", f"did you mean {small}?")
    if region not in REGIONS and region != usual:
        near = difflib.get_close_matches(region, REGIONS, n=2, cutoff=0.75)
        meant = f"did you mean {' or '.join(one + zone.removeprefix(region) for one in near)}?  " if near else ""
        raise Refused(
            f"there is no region {region} that im has heard of",
            f"{meant}If it is new, set CLOUDSDK_COMPUTE_REGION={region}",
        )
    return region
