"""What the nemesis can do at the cloud and to the messages: storms, lost replies, outside hands, strangers, forgeries."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from random import Random
from typing import Any

from celery import Celery
from kombu import Producer

from im.queue.celery import broker_settings
from im.queue.tasks import DEADLINES, REQUESTS, WATCH, Task
from tests.chaos.audit import TAG_DEPLOYMENT, TAG_INSTANCE, TAG_LAUNCH
from tests.chaos.soak.nemesis import Blow, Fault
from tests.chaos.soak.room import REGION, Room

_CHANGING = ("RunInstances", "StopInstances", "StartInstances", "TerminateInstances", "CreateTags")
_ANY = (*_CHANGING, "DescribeInstances", "DescribeInstanceStatus")


def throttle_storm(room: Room, rng: Random, scale: float) -> Blow:
    seconds = rng.uniform(10, 60) * scale
    return _until(room, seconds, "p = 0.7", action="*", code="RequestLimitExceeded", status=503, p=0.7)


def server_errors(room: Room, rng: Random, scale: float) -> Blow:
    code, status = rng.choice((("InternalError", 500), ("Unavailable", 503), ("ServiceUnavailable", 503)))
    seconds = rng.uniform(5, 20) * scale
    return _until(room, seconds, f"{code}, p = 0.5", action="*", code=code, status=status, p=0.5)


def credentials_denied(room: Room, rng: Random, scale: float) -> Blow:
    code = rng.choice(("UnauthorizedOperation", "AuthFailure", "RequestExpired"))
    return _until(room, rng.uniform(5, 40) * scale, code, action="*", code=code, status=403)


def reply_lost(room: Room, rng: Random, scale: float) -> Blow:
    action, times = rng.choice(_CHANGING), rng.randint(1, 3)
    number = room.control.lose_reply(action, times=times)
    return _some_time(room, number, 20 * scale, f"{action} is done {times} times without a word")


def request_lost(room: Room, rng: Random, scale: float) -> Blow:
    action, times = rng.choice(_CHANGING), rng.randint(1, 3)
    number = room.control.lose_request(action, times=times)
    return _some_time(room, number, 20 * scale, f"{action} is lost on the way {times} times")


def effect_late(room: Room, rng: Random, scale: float) -> Blow:
    action, late = rng.choice(_CHANGING[:4]), rng.uniform(5, 40) * scale
    number = room.control.act_late(action, late, times=rng.randint(1, 2))
    return _some_time(room, number, late + 10 * scale, f"{action} is done {late:.0f} s late")


def body_cut(room: Room, rng: Random, scale: float) -> Blow:
    action, times = rng.choice(_ANY), rng.randint(1, 3)
    number = room.control.truncate(action, rng.uniform(0.1, 0.9), times=times)
    return _some_time(room, number, 20 * scale, f"{action} answers half, {times} times")


def answer_slow(room: Room, rng: Random, scale: float) -> Blow:
    action, delay = rng.choice(_ANY), rng.uniform(2, 20) * scale
    number = room.control.slow(action, delay, times=rng.randint(1, 3))
    return _some_time(room, number, 10 * scale + delay, f"{action} answers after {delay:.0f} s")


def zone_full(room: Room, rng: Random, scale: float) -> Blow:
    room.control.capacity(f"{REGION}a", 0)
    return Blow(f"no room in {REGION}a", rng.uniform(10, 40) * scale, lambda: room.control.capacity(f"{REGION}a", None))


def launches_doomed(room: Room, rng: Random, scale: float) -> Blow:
    """A 200 is not a running machine."""
    room.control.doom("Server.InsufficientInstanceCapacity", times=rng.randint(1, 3))
    return Blow("the next machines end instead of running", 5 * scale)


# ---- outside hands and strangers ---------------------------------------------------------------------------------------


def outside_hand(room: Room, rng: Random, scale: float) -> Blow:
    does = rng.choice(("stop", "stop", "start", "start", "terminate", "vanish"))
    states = {"stop": ("running",), "start": ("stopped",)}.get(does, ("running", "stopped"))
    ours = room.control.machines(fields=("id", "state", "tags"), tags={TAG_DEPLOYMENT: deployment(room)})
    found = [one["id"] for one in ours if one["state"] in states and TAG_INSTANCE in one["tags"]]
    hit = rng.sample(found, min(len(found), rng.randint(1, 3)))
    if hit:
        room.control.outside(does, *hit)
    return Blow(f"{does} {len(hit)} machines at the console")


def strangers(room: Room, rng: Random, scale: float) -> Blow:
    """Machines with the names of ours, and machines of another deployment of the same tool."""
    ours = room.control.machines(fields=("tags",), tags={TAG_DEPLOYMENT: deployment(room)})
    names = [one["tags"]["Name"] for one in ours if "Name" in one["tags"]] or ["web"]
    room.control.create(rng.randint(1, 2), tags={"Name": rng.choice(names)})
    other = {TAG_DEPLOYMENT: "another-deployment", TAG_INSTANCE: "im-0000", TAG_LAUNCH: "x", "Name": rng.choice(names)}
    room.control.create(1, tags=other)
    return Blow("machines that are not ours, with names that are")


def orphan(room: Room, rng: Random, scale: float) -> Blow:
    tags = {TAG_DEPLOYMENT: deployment(room), "Name": "left behind", TAG_LAUNCH: f"launch-{rng.getrandbits(40):x}"}
    room.control.create(1, tags=tags)
    return Blow("a machine with our tag and no row")


# ---- messages ----------------------------------------------------------------------------------------------------------


def messages_forged(room: Room, rng: Random, scale: float) -> Blow:
    told, send = rng.choice(_FORGERIES)
    app = Celery("forger", set_as_current=False)
    app.conf.update(broker_settings(room.settings))
    try:
        for _ in range(rng.randint(1, 5)):
            send(app, rng)
    finally:
        app.close()
    return Blow(told)


def messages_doubled(room: Room, rng: Random, scale: float) -> Blow:
    """Everything that waits now, once more, and what was kept from the last time, now old."""
    kept = room.folder / "replayed.json"
    old = json.loads(kept.read_text()) if kept.exists() else []
    count = 0
    with room.broker() as hand:
        fresh = [(queue, body) for queue in (REQUESTS, DEADLINES, WATCH) for body in hand.lrange(queue, 0, 100)]
        for tag, held in hand.hgetall("unacked").items():
            message, _, queue = json.loads(held)
            fresh.append((queue, json.dumps(message).encode()))
            del tag
        for queue, body in [*fresh, *((queue, body.encode()) for queue, body in old)]:
            hand.lpush(queue, body)
            count += 1
    if fresh:
        kept.write_text(json.dumps([(queue, body.decode()) for queue, body in fresh[:100]]))
    return Blow(f"{count} messages once more")


def _send(task: str, *args: Any) -> Callable[[Celery, Random], None]:
    def send(app: Celery, rng: Random) -> None:
        app.send_task(task, args=list(args), queue=rng.choice((REQUESTS, DEADLINES, WATCH)))

    return send


def _pickle(app: Celery, rng: Random) -> None:
    with app.connection_for_write() as connection:
        Producer(connection.default_channel).publish(
            pickle.dumps(([["im-0"]], {}, {})),
            content_type="application/x-python-serialize",
            content_encoding="binary",
            routing_key=REQUESTS,
            headers={"task": Task.STOP.value, "id": f"{rng.getrandbits(64):x}"},
        )


def _garbage(app: Celery, rng: Random) -> None:
    with app.connection_for_write() as connection:
        Producer(connection.default_channel).publish(
            rng.randbytes(200), content_type="application/json", content_encoding="utf-8", routing_key=WATCH
        )


_FORGERIES: tuple[tuple[str, Callable[[Celery, Random], None]], ...] = (
    ("unknown ids", _send(Task.TERMINATE.value, ["no-such-id", "i-0123456789abcdef0"])),
    ("an id that is a number", _send(Task.STOP.value, 42)),
    ("ids that are objects", _send(Task.TERMINATE.value, [{"id": "*"}, None])),
    ("extra arguments", _send(Task.STOP.value, ["x"], "force", {"all": True})),
    ("another task's name", _send("os.system", "touch /tmp/forged")),
    ("a task that Celery has built in", _send("celery.backend_cleanup")),
    ("a megabyte", _send(Task.CREATE.value, ["x" * 1_000_000])),
    ("ticks by the dozen", _send(Task.ENFORCE_TTL.value)),
    ("a scope that is not there", _send(Task.REFRESH_SCOPE.value, ["999999", "-1", "'; DROP TABLE instances"])),
    ("a pickled body", _pickle),
    ("a body that is no JSON", _garbage),
)


def deployment(room: Room) -> str:
    """The identity of the deployment, which the cloud's own tags have to show; read once."""
    kept = room.folder / "deployment"
    if not kept.exists():
        from tests.chaos.soak.faults import _ask

        kept.write_text(_ask(room, "SELECT id FROM deployment")[0][0])
    return kept.read_text()


def _some_time(room: Room, number: int, seconds: float, told: str) -> Blow:
    """A fault that strikes a few times, if it is called at all within its time."""
    return Blow(told, seconds, lambda: room.control.clear_faults(number))


def _until(room: Room, seconds: float, told: str, **fields: Any) -> Blow:
    number = room.control.fault(effect="none", reply="error", times=None, duration=seconds, **fields)
    return Blow(told, seconds, lambda: room.control.clear_faults(number))


AT_EC2: dict[str, Fault] = {
    "throttle storm": throttle_storm,
    "server errors": server_errors,
    "credentials denied": credentials_denied,
    "reply lost": reply_lost,
    "request lost": request_lost,
    "effect late": effect_late,
    "body cut": body_cut,
    "answer slow": answer_slow,
    "zone full": zone_full,
    "launches doomed": launches_doomed,
    "outside hand": outside_hand,
    "strangers": strangers,
    "orphan": orphan,
}
CLOUD: dict[str, Fault] = {
    **AT_EC2,
    "messages forged": messages_forged,
    "messages doubled": messages_doubled,
}
