"""Why an instance is in its state, and what happens next: the row and the time in, two sentences out.

Total over every row there can be: whatever `phase` calls it, there is a reason and a next step.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from im.domain.cause import Hand, ended_by, stopped_by
from im.domain.explain.again import create_line
from im.domain.input.duration import format_duration
from im.domain.lifecycle import DECISIONS, TAKEN_BACK, Step
from im.domain.money.rules import PER_SECOND, BillingRules
from im.domain.orphan import CHANGED, LABEL_CHANGED
from im.domain.shelf.snapshot import NOT_SHELVED, keeps_address
from im.domain.state import ALIVE, Desired, Observed, OnExpiry, Shelf, Why, meets

if TYPE_CHECKING:
    from im.domain.instance import Instance

HANDS = {Why.GUEST: Hand.GUEST, Why.RETIRED: Hand.RETIRED, Why.CLOUD: Hand.CLOUD}
"""Whose doing it was, of what neither a person nor the deadline nor the spot market did."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """`because` tells how it came here, `next` what happens by itself, `type` what a person may type; it may be empty."""

    because: str
    next: str
    type: str = ""
    turn: str = ""
    """What its launch waits for, where it waits for its turn at the cloud; empty everywhere else."""
    if_gone: str = ""
    """What becomes of it should all of im be gone; empty where nothing runs, and where nobody has looked."""


def why(row: Instance, now: datetime, billing: BillingRules = PER_SECOND, turn: str = "") -> Explanation:
    """The whole answer of `im why`. `billing`: its cloud's, for what a stopped machine goes on costing; `turn`: when its launch
    will be asked for, where that is not now."""
    if turn and waits_for_launch(row):
        return Explanation(f"{_asked(row)}; its launch {turn}", "it runs as soon as the cloud says so", turn=turn)
    if row.shelf is Shelf.LEAVING or row.shelved:
        return _on_shelf(row, now)
    if row.observed in (Observed.TERMINATED, Observed.MISSING):
        return _gone(row)
    if row.observed is Observed.NONE:
        return _no_machine(row, now)
    if row.label_changed:
        return _label_changed(row, now)
    if row.failed:
        told = f"{_asked(row)}, and it was given up: {_error(row)}"
        ends = _at_deadline(row, now) if row.observed in ALIVE else "nothing by itself"
        return Explanation(told, ends, f"im start {row.name} -d 1h  tries again")
    if row.settled:
        return _settled(row, now, billing)
    return _moving(row, now)


def _label_changed(row: Instance, now: datetime) -> Explanation:
    # a step that was refused for it says the same in the words of one cloud
    told = f"{CHANGED}, outside im, so nothing there says any more that it is ours"
    if row.desired is not Desired.RUNNING or now >= row.expires_at:
        told += f"; {_asked(row)}"
    ends = (
        "nothing by itself: it is left alone, past its deadline too, and goes on costing, until its label is put back"
    )
    return Explanation(told, ends, "im orphans")


def waits_for_launch(row: Instance) -> bool:
    """Nothing but time stands between it and its launch."""
    return row.launching and row.desired is Desired.RUNNING and not row.error_code and row.closed_at is None


def _on_shelf(row: Instance, now: datetime) -> Explanation:
    trouble = f". The last answer was {_error(row)}" if row.error_code else ""
    if row.shelf is Shelf.LEAVING:
        told = f"{_asked(row)}, and its snapshot is complete, so its machine is deleted{trouble}"
        back = row.desired is Desired.RUNNING
        return Explanation(
            told, "it is launched from its snapshot" if back else "its snapshot stays, and is all it costs"
        )
    if row.desired is Desired.TERMINATED:
        return Explanation(f"{_asked(row)}, and its snapshot goes with it{trouble}", "its snapshot is deleted")
    if row.launching:
        told = f"{_asked(row)}; it is launched from its snapshot{trouble}"
        return Explanation(told, "once it runs its snapshot is deleted")
    told = f"{_asked(row)}, and it has given way to its snapshot{trouble}"
    stays = "its snapshot and its address stay, and are" if keeps_address(row.spec) else "its snapshot stays, and is"
    return Explanation(told, f"nothing by itself: {stays} all it costs", _wake(row, now))


def _gone(row: Instance) -> Explanation:
    again = f"{create_line(row)}  makes the same again"
    if row.observed is Observed.MISSING and row.error_code == LABEL_CHANGED:
        return Explanation(f"{row.error}", "nothing: it is no machine of ours any more", again)
    if row.observed is Observed.MISSING:
        told = "its machine vanished from the cloud without a trace: two complete listings and a look by id did not show it"
        return Explanation(told, "nothing; a machine that reappears is listed as an orphan", again)
    if row.why is Why.OUTSIDE:
        return Explanation("somebody terminated it at the cloud, outside im", "nothing: it is gone for good", again)
    if (hand := HANDS.get(row.why)) is not None:
        return Explanation(f"{ended_by(hand)}{_words(row)}", "nothing: it is gone for good", again)
    if row.why is Why.SPOT:
        return Explanation(f"{TAKEN_BACK}, for good", "nothing, unless the policy is to replace it: im history", again)
    return Explanation(f"{_asked(row)}, and the cloud said that it is gone", "nothing: it is gone for good", again)


def _no_machine(row: Instance, now: datetime) -> Explanation:
    if row.closed_at is not None and row.failed:
        return Explanation(
            f"{row.by} named a machine that could not be taken in: {_error(row)}", "nothing: it is closed"
        )
    if row.closed_at is not None:
        return Explanation(f"{_asked(row)} before it ever had a machine", "nothing: it is closed", "")
    if row.launching:
        if row.desired is not Desired.RUNNING:
            told = f"{_asked(row)} while its launch was under way"
            nothing = "the launch is called off; should it have made a machine, that is ended at once"
            return Explanation(told, nothing, "")
        if row.error_code:
            return Explanation(
                f"its launch was refused: {_error(row)}", f"the launch is tried again{_when(row, now)}", ""
            )
        return Explanation(
            f"{_asked(row)}; its launch is on its way to the cloud", "it runs as soon as the cloud says so"
        )
    if row.provider_id is not None:
        return Explanation(f"{row.by} named a machine that im did not make", "it is looked at and taken in, or refused")
    if row.desired is not Desired.RUNNING:
        return Explanation(
            f"{_asked(row)} before it was launched", "nothing: no machine exists", f"im start {row.name} -d 1h"
        )
    told, again = f"its launch failed: {_error(row)}", f"im start {row.name} -d 1h  tries again"
    if row.error_code == "invalid_spec":  # the same would be refused again
        again = f"im terminate {row.name}  frees the name; then create it as it can be"
    return Explanation(told, "nothing: a failed launch stays failed", again)


def _settled(row: Instance, now: datetime, billing: BillingRules) -> Explanation:
    if meets(row.desired, row.observed):
        if row.observed is Observed.RUNNING:
            return Explanation(_asked(row), _at_deadline(row, now), f"im extend {row.name} -d 1h")
        if row.why is Why.OUTSIDE:
            told = "somebody stopped it at the cloud, outside im; that is respected"
            return Explanation(told, _asleep(row, now, billing), _wake(row, now))
        if (hand := HANDS.get(row.why)) is not None:
            return Explanation(f"{stopped_by(hand)}{_words(row)}", _asleep(row, now, billing), _wake(row, now))
        return Explanation(_asked(row), _asleep(row, now, billing), _wake(row, now))
    rests = (Observed.PENDING, Observed.RUNNING, Observed.HALTED, Observed.STOPPED)
    verb = "is" if row.observed in rests else "began"
    state = "powered off and still charged for" if row.observed is Observed.HALTED else row.observed
    told = f"it {verb} {state} at the cloud, though {_asked(row)}: somebody changed it there, or it crossed with us"
    told += _waits(row)
    if row.observed in ALIVE and now >= row.expires_at:
        return Explanation(told, "its deadline has passed, so it is stopped again at the next tick, within 30 s")
    return Explanation(
        told, "a second listing, 10 s later, decides: what stays so is recorded, what was ours is repaired"
    )


def _moving(row: Instance, now: datetime) -> Explanation:
    if row.desired is Desired.RUNNING and row.observed is Observed.STOPPED and row.interrupted_at is not None:
        return Explanation(
            f"{TAKEN_BACK} at {row.interrupted_at:%Y-%m-%d %H:%M:%S} UTC, and keeps its disk",
            f"the cloud starts it again when it has room; it is asked{_when(row, now)}, and until the deadline",
            f"im terminate {row.name}  and create another, if you cannot wait",
        )
    decision = DECISIONS[row.desired, row.observed]
    doing = {
        Step.START: "it is started",
        Step.STOP: "it is stopped",
        Step.TERMINATE: "it is terminated",
        Step.LOOK: "it is looked at again",
        Step.AWAIT_LAUNCH: "its launch goes on",
        Step.REST: "nothing",
    }[decision.step]
    told = f"{_asked(row)}; {decision.because}"
    told += _waits(row)
    if row.error_code:
        told += f". The last answer was {_error(row)}"
    hopeless = decision.step in (Step.STOP, Step.TERMINATE) and row.error_code is not None
    for_ever = ", for as long as it takes" if hopeless else ""
    return Explanation(told, f"{doing}{_when(row, now)}{for_ever}", "im doctor" if hopeless else "")


def _waits(row: Instance) -> str:
    return f". It waits: {row.waits_for}" if row.waits_for else ""


def _asked(row: Instance) -> str:
    """Whose wish it is."""
    goal = {Desired.RUNNING: "to run", Desired.STOPPED: "to stop", Desired.TERMINATED: "to be terminated"}[row.desired]
    match row.why:
        case Why.TTL:
            return f"its deadline passed at {row.expires_at:%Y-%m-%d %H:%M:%S} UTC, so it has {goal}"
        case Why.OUTSIDE:
            return f"it was changed at the cloud, outside im, and has {goal} since"
        case Why.SPOT:
            return f"{TAKEN_BACK}, and it has {goal} since"
        case Why.GUEST | Why.RETIRED | Why.CLOUD:
            return f"{stopped_by(HANDS[row.why])}, and it has {goal} since"
        case Why.USER:
            return f"{row.by} wants it {goal}"


def _at_deadline(row: Instance, now: datetime) -> str:
    verb = row.on_expiry.done
    if now >= row.expires_at:
        over = format_duration(now - row.expires_at)
        return f"it should have been {verb} {over} ago: the next tick does it, unless deadlines are held (im doctor)"
    return f"it is {verb} in {format_duration(row.expires_at - now)}, at {row.expires_at:%Y-%m-%d %H:%M:%S} UTC"


def _asleep(row: Instance, now: datetime, billing: BillingRules) -> str:
    if row.to_shelve:
        if row.error_code == NOT_SHELVED:
            return f"nothing by itself, {_error(row)}: im stop {row.name} --shelve  tries again"
        return "its snapshot is made, and once that is complete its machine is deleted"
    if row.on_expiry is OnExpiry.TERMINATE or (row.on_expiry is OnExpiry.SHELVE and now < row.expires_at):
        return _at_deadline(row, now)
    cost = "goes on costing as much as if it ran" if billing.stop_saves_nothing else "its disk goes on costing"
    if row.stopped_by_ttl and row.keep_stopped is not None:
        if row.protected:
            return f"nothing by itself: it is protected, so it stays stopped, and {cost}"
        if row.ends_at is None:
            return f"it is terminated {format_duration(row.keep_stopped)} after it was seen stopped; an extend cancels that"
        over = format_duration(row.ends_at - now) if row.ends_at > now else "0s"
        return f"it is terminated in {over}, at {row.ends_at:%Y-%m-%d %H:%M:%S} UTC; an extend or a start cancels that"
    return f"nothing by itself: it stays stopped, and {cost}"


def _wake(row: Instance, now: datetime) -> str:
    if row.expires_at > now + timedelta(minutes=1):
        return f"im start {row.name}"
    return f"im extend {row.name} -d 1h"


def _when(row: Instance, now: datetime) -> str:
    if row.next_attempt_at is None or row.next_attempt_at <= now:
        return " at once"
    return f" in {format_duration(row.next_attempt_at - now)}"


def _words(row: Instance) -> str:
    """The cloud's own, where the row has them."""
    return f": {row.error}" if row.error and row.why is Why.CLOUD else ""


def _error(row: Instance) -> str:
    code = (row.error_code or "unknown").replace("_", " ")
    return f"{code} ({row.error})" if row.error else code
