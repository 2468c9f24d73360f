"""The long answers of a tick and of a storm, read here in a tenth of the time that botocore's own parser takes.

Signing, sending, retries and errors stay botocore's; only a whole, successful answer is read here, before botocore would. What
cannot be read with certainty (other elements than expected, broken XML) is left to botocore, which raises what it always raises.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeGuard
from xml.etree import ElementTree

from im.domain.sighting import Sighting
from im.domain.state import Observed
from im.providers.aws.api.states import STATES, TAKEN_BACK, dated
from im.providers.aws.causes import cause_of

_SIGHTINGS, _STATES, _CHANGES = "im:sightings", "im:states", "im:changes"
"""Names in the parsed answer; botocore has none with a colon."""
_NS = "{http://ec2.amazonaws.com/doc/2016-11-15/}"
_UNREAD = (
    b"networkInterfaceSet blockDeviceMapping metadataOptions groupSet privateDnsNameOptions cpuOptions maintenanceOptions "
    b"capacityReservationSpecification hibernationOptions enclaveOptions"
).split()
_CUT = re.compile(rb"<(" + b"|".join(_UNREAD) + rb")>.*?</\1>", re.DOTALL)
"""Four fifths of a machine's description are about what we never ask."""
_STATE = re.compile(
    rb"<instanceId>([^<]+)</instanceId>.*?<instanceState>\s*<code>\d+</code>\s*<name>([a-z-]+)</name>", re.DOTALL
)
_ITEM = re.compile(rb"<item>(.*?)</item>", re.DOTALL)
_ONE = re.compile(rb"<instanceId>([^<]+)</instanceId>")
_NOW, _WAS = (
    re.compile(rb"<%b>\s*<code>\d+</code>\s*<name>([a-z-]+)</name>" % name)
    for name in (b"currentState", b"previousState")
)
Change = tuple[Observed, Observed]
"""The state that a machine is in now, and the one that it was in."""
_TOKEN = re.compile(rb"<nextToken>([^<&]+)</nextToken>")


class Unclear(Exception):
    """Not what we expect; botocore shall read it."""


def sightings_in(answer: Mapping[str, Any]) -> tuple[Sighting, ...] | None:
    """Those of a DescribeInstances or RunInstances answer; None when botocore has read it."""
    return answer.get(_SIGHTINGS)


def states_in(answer: Mapping[str, Any]) -> dict[str, Observed] | None:
    """Those of a DescribeInstanceStatus answer; None when botocore has read it."""
    return answer.get(_STATES)


def changes_in(answer: Mapping[str, Any]) -> dict[str, Change] | None:
    """Those of a Start-, Stop- or TerminateInstances answer; None when botocore has read it."""
    return answer.get(_CHANGES)


def tolerate(client: Any) -> None:
    """Let no character that XML forbids stand between us and an answer; botocore's parser and ours give up at the first."""
    client.meta.events.register_first("before-parse.ec2", _without_what_xml_forbids)


def install(client: Any) -> None:
    """Read this client's describes, and what it changes."""
    register = client.meta.events.register
    register("before-parse.ec2.DescribeInstances", _reading(_SIGHTINGS, read_sightings))
    register("before-parse.ec2.RunInstances", _reading(_SIGHTINGS, read_launched))
    register("before-parse.ec2.DescribeInstanceStatus", _reading(_STATES, read_states))
    for operation in ("StartInstances", "StopInstances", "TerminateInstances"):
        register(f"before-parse.ec2.{operation}", _reading(_CHANGES, read_changes))


_CONTROLS = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
_REFERENCE = re.compile(rb"&#(x[0-9a-fA-F]{1,64}|[0-9]{1,64});")
"""Characters, as bytes or as references: one that XML 1.0 may not hold makes a whole listing unreadable."""


def _without_what_xml_forbids(response_dict: dict[str, Any], **_: object) -> None:
    """One tag that somebody else has set must not blind us to every machine beside it."""
    body = response_dict.get("body")
    if not isinstance(body, bytes):
        return
    plain = body.isascii()
    # nearly every answer is as it should be, and long: this tells it in a hundredth of the time
    if plain and b"&#" not in body and len(body.translate(None, _CONTROLS)) == len(body):
        return
    if not plain:  # half a character, or a surrogate, is no UTF-8
        body = body.decode(errors="replace").encode()
    response_dict["body"] = _CONTROL.sub(b"?", _REFERENCE.sub(_readable, body))


def _readable(reference: re.Match[bytes]) -> bytes:
    written = reference[1]
    number = int(written[1:], 16) if written[:1] == b"x" else int(written)
    allowed = (
        number in (9, 10, 13) or 0x20 <= number < 0xD800 or 0xE000 <= number < 0xFFFE or 0xFFFF < number < 0x110000
    )
    return reference[0] if allowed else b"?"


def _reading(name: str, read: Callable[[bytes], tuple[Any, str]]) -> Callable[..., None]:
    def before_parse(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object) -> None:
        if response_dict["status_code"] != 200:
            return
        try:
            customized_response_dict[name], token = read(response_dict["body"])
        except (Unclear, ElementTree.ParseError, KeyError, ValueError):
            return
        if token:
            customized_response_dict["NextToken"] = token
        response_dict["body"] = b"<Read/>"

    return before_parse


def read_states(body: bytes) -> tuple[dict[str, Observed], str]:
    """Id → state, and the token of the next page (empty: none). Raises Unclear, or KeyError for a state that is new to us."""
    if not body.rstrip().endswith(b"</DescribeInstanceStatusResponse>"):
        raise Unclear
    found = {one.decode(): STATES[word.decode()] for one, word in _STATE.findall(body)}
    if not len(found) == body.count(b"<instanceId>") == body.count(b"<instanceState>"):
        raise Unclear
    tokens = _TOKEN.findall(body)
    if len(tokens) != body.count(b"<nextToken>"):
        raise Unclear
    return found, tokens[0].decode() if tokens else ""


def read_changes(body: bytes) -> tuple[dict[str, Change], str]:
    """Id → the states that the machine is in now and was in; no token. Raises Unclear, or KeyError for a state new to us."""
    if not body.rstrip().endswith(b"InstancesResponse>"):
        raise Unclear
    found = {}
    for item in _ITEM.findall(body):
        names = _ONE.search(item), _NOW.search(item), _WAS.search(item)
        if None in names:
            raise Unclear
        one, now, was = (found_one[1].decode() for found_one in names if found_one)
        found[one] = STATES[now], STATES[was]
    if not len(found) == body.count(b"<instanceId>") == body.count(b"<currentState>"):
        raise Unclear
    return found, ""


def read_sightings(body: bytes) -> tuple[tuple[Sighting, ...], str]:
    """The same in full. Raises ParseError, KeyError or ValueError for what is not as it should be."""
    root = _tree(body, "DescribeInstancesResponse")
    groups = root.find(f"{_NS}reservationSet")
    if groups is None:
        raise Unclear
    seen = tuple(one for group in groups for one in _machines(group))
    return seen, root.findtext(f"{_NS}nextToken") or ""


def read_launched(body: bytes) -> tuple[tuple[Sighting, ...], str]:
    """The machines of a launch, in full; no token. Raises as `read_sightings` does, and Unclear when there is none."""
    if not (seen := _machines(_tree(body, "RunInstancesResponse"))):
        raise Unclear
    return seen, ""


def _tree(body: bytes, name: str) -> ElementTree.Element:
    root = ElementTree.fromstring(_CUT.sub(b"", body))  # noqa: S314 - botocore would hand the same bytes to the same parser
    if root.tag != f"{_NS}{name}":
        raise Unclear
    return root


def _machines(group: ElementTree.Element) -> tuple[Sighting, ...]:
    return tuple(_sighting(one) for one in group.find(f"{_NS}instancesSet") or ())


_ID, _STATE_OF, _NAME, _PLACE, _ZONE = (
    f"{_NS}{name}" for name in ("instanceId", "instanceState", "name", "placement", "availabilityZone")
)
_PUBLIC, _PRIVATE, _LAUNCHED, _WHY, _MESSAGE = (
    f"{_NS}{name}" for name in ("ipAddress", "privateIpAddress", "launchTime", "stateReason", "message")
)
_CODE, _SPOT, _PLATFORM = (f"{_NS}{name}" for name in ("code", "spotInstanceRequestId", "platform"))
_OPERATOR, _MANAGED, _PRINCIPAL = (f"{_NS}{name}" for name in ("operator", "managed", "principal"))
_REASON, _TAGS, _KEY, _VALUE, _INDEX, _TYPE, _IMAGE = (
    f"{_NS}{name}" for name in ("reason", "tagSet", "key", "value", "amiLaunchIndex", "instanceType", "imageId")
)


def _is_managed(operator: ElementTree.Element | None) -> TypeGuard[ElementTree.Element]:
    return operator is not None and operator.findtext(_MANAGED) == "true"


def _sighting(item: ElementTree.Element) -> Sighting:
    """As `sightings.sighting` reads what botocore makes of it."""
    parts = {part.tag: part for part in item}

    def text(name: str) -> str:
        return (parts[name].text or "") if name in parts else ""

    why = (parts[_WHY].findtext(_MESSAGE) or "") if _WHY in parts else ""
    code = (parts[_WHY].findtext(_CODE) or "") if _WHY in parts else ""
    launched, place = text(_LAUNCHED), parts.get(_PLACE)
    return Sighting(
        provider_id=parts[_ID].text or "",
        state=STATES[parts[_STATE_OF].findtext(_NAME) or ""],
        zone=(place.findtext(_ZONE) or "") if place is not None else "",
        public_ip=text(_PUBLIC) or None,
        private_ip=text(_PRIVATE) or None,
        launched_at=datetime.fromisoformat(launched).astimezone(UTC) if launched else None,
        reason=why or text(_REASON),
        tags={tag.findtext(_KEY) or "": tag.findtext(_VALUE) or "" for tag in parts.get(_TAGS, ())},
        launch_index=int(text(_INDEX) or 0),
        changed_at=dated(text(_REASON)),
        instance_type=text(_TYPE),
        image=text(_IMAGE),
        windows=text(_PLATFORM).lower() == "windows",
        spot_request=text(_SPOT),
        operator=(operator.findtext(_PRINCIPAL) or "") if _is_managed(operator := parts.get(_OPERATOR)) else "",
        interrupted=code in TAKEN_BACK,
        cause=cause_of(code, why),
    )
