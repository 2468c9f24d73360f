"""StateReason, read: who stopped or ended a machine, and why a launch or a start that EC2 had accepted came to nothing.

Sources: EC2 API reference, StateReason; EC2 User Guide, "Troubleshoot instance launch issues" (instance terminates immediately).
"""

from __future__ import annotations

from collections.abc import Mapping

from im.domain.cause import NOT_STARTED, UNKNOWN_CAUSE, Cause, Hand
from im.providers import errors as e
from im.providers.aws.api.errors import CODES
from im.providers.kit.text import scrubbed

_HANDS: Mapping[str, Hand] = {
    "Client.UserInitiatedShutdown": Hand.OUTSIDE,
    "Client.UserInitiatedHibernate": Hand.OUTSIDE,
    # terminated or rebooted while somebody made an image of it
    "Client.InstanceTerminated": Hand.OUTSIDE,
    "Client.InstanceInitiatedShutdown": Hand.GUEST,
    "Server.ScheduledStop": Hand.RETIRED,
    "Server.ScheduledTermination": Hand.RETIRED,
    "Server.SpotInstanceShutdown": Hand.SPOT,
    "Server.SpotInstanceTermination": Hand.SPOT,
}
_KMS = (
    "the commonest reason is a disk encrypted with a KMS key that is disabled or deleted, or that the caller has no grant for: "
    "look at the key's state, and allow kms:CreateGrant and kms:Decrypt"
)
_FAILED: Mapping[str, tuple[str, str]] = {
    "Client.InternalError": (NOT_STARTED, f"AWS could not start it; {_KMS}"),
    "Client.VolumeTypeNotAvailable": ("invalid_spec", "AWS has no such volume type here"),
    "Server.InternalError": (NOT_STARTED, "AWS failed at it by a fault of its own"),
}
_DEFINITE = (e.NoCapacity, e.QuotaExceeded, e.InvalidSpec, e.Forbidden, e.Unsupported)


def cause_of(code: str, message: str) -> Cause:
    """What StateReason's code and message mean; a code that is new to us is the cloud's own doing, in its own words."""
    side, dot, name = code.partition(".")
    if not dot or side not in ("Client", "Server"):
        return UNKNOWN_CAUSE
    if (hand := _HANDS.get(code)) is not None:
        return Cause(hand, says=scrubbed(message))
    words = scrubbed(message if message.startswith(code) else f"{code}: {message}" if message else code)
    word, says = _FAILED.get(code) or _known(name)
    return Cause(Hand.CLOUD, word, f"{says} ({words})")


def _known(name: str) -> tuple[str, str]:
    meaning = CODES.get(name)
    if meaning is None or not issubclass(meaning.kind, _DEFINITE):
        return NOT_STARTED, "AWS could not run it"
    return meaning.kind.code, meaning.says
