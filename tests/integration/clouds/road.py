"""What is done on each cloud by the command line, and what came of it: `yes`, or the words in which it is refused.

Everything is asked of the cloud's own stand-in through the real adapter; a refusal is the product's, at the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.integration.clouds.places import Cloud
from tests.integration.collector import collecting
from tests.integration.refresh.lost import SWEEP, forget_rows
from tests.integration.typed import answer, run
from tests.world import World

YES = "yes"
GUARDED = ("--guard", "native")
WISHES: Mapping[str, tuple[str, ...]] = {
    "`--count`": ("--count", "2"),
    "`--user-data`": ("--user-data", "{script}"),
    "`--ssh-from`, `--open`": ("--ssh-from", "10.0.0.0/8", "--open", "443/tcp"),
    "`--tag`": ("--tag", "team=web"),
    "`--disk`": ("--disk", "60"),
    "several zones": ("--availability-zone", "any"),
    "`--spot`": ("--spot",),
    "`--hibernate`": ("--hibernate",),
    "`--protect`": ("--protect",),
    "`--on-expiry terminate`": ("--on-expiry", "terminate"),
    "`--on-expiry shelve`": ("--on-expiry", "shelve"),
    "`--guard native`": GUARDED,
}
"""What `im create` takes beside a name and a deadline, each tried on a machine of its own."""
VERBS = (
    *("create", "`--dry-run`, the price", *WISHES, "list, status, why", "extend", "stop", "start", "cost"),
    *("terminate", "adopt", "orphans", "gc"),
)
"""The rows of the table, in order."""


def road(world: World, cloud: Cloud, key: str, script: str) -> dict[str, str]:
    """Verb → what came of it."""
    told: dict[str, str] = {}
    create = ("create", "--no-wait", "-d", "8h", "--public-key", key)
    told["create"] = _said(run(world, *create, "--name", "web", *_nobody(world)))
    for n, (wish, words) in enumerate(WISHES.items()):
        given = [word.format(script=script) for word in (*words, *cloud.also.get(wish, ()))] + (
            [] if "--ssh-from" in words else [*_nobody(world)]
        )
        told[wish] = _said(run(world, *create, "--name", f"wish{n}", *given))
    for _ in range(12):  # of some clouds a machine a minute may be asked for
        world.advance(60)
        if not any(row["launching"] for row in answer(world, "list")):
            break
    # what a price is has been asked of the cloud by now
    rehearsed = run(
        world, "create", "--dry-run", "--name", "rehearsed", "-d", "1h", "--public-key", key, *_nobody(world)
    )
    priced = rehearsed.exit_code == 0 and "$" in rehearsed.stdout
    told["`--dry-run`, the price"] = YES if priced else rehearsed.stderr or "no price is known"
    for n, wish in enumerate(WISHES):
        named = f"wish{n}-1" if wish == "`--count`" else f"wish{n}"
        if told[wish] == YES:
            told[wish] = _is(world, named, "running")
    if told["`--guard native`"] == YES:
        told["`--guard native`"] = _is_guarded(world, f"wish{list(WISHES.values()).index(GUARDED)}")
    told["list, status, why"] = _looks(world)
    told |= dict(_life(world))
    told["adopt"] = _adopted(world, cloud)
    told["orphans"] = _lost_and_found(world, "theirs" if told["adopt"] == YES else _another(world, key))
    return {verb: told[verb] for verb in VERBS}


def _nobody(world: World) -> tuple[str, ...]:
    """The usual wish is this machine's own address, which has to be asked for; where nobody is kept out, nothing is said."""
    return ("--ssh-from", "none") if world.provider.capabilities.can_firewall else ()


def _said(result: Any) -> str:
    """`yes`, or the first sentence of a refusal."""
    return YES if result.exit_code == 0 else result.stderr.removeprefix("im: ").strip().splitlines()[0]


def _is(world: World, name: str, observed: str) -> str:
    found = {row["name"]: row for row in answer(world, "list", "--all")}.get(name)
    return YES if found and found["observed"] == observed else run(world, "why", name).stdout


def _is_guarded(world: World, name: str) -> str:
    """Has the cloud taken its moment?"""
    (row,) = answer(world, "status", name)
    return YES if row["guard"]["at"] and not row["guard"]["error"] else str(row["guard"])


def _looks(world: World) -> str:
    why = run(world, "why", "web")
    seen = answer(world, "status", "web")
    return why.stderr if why.exit_code else YES if _is(world, "web", "running") == YES and seen else "it is not seen"


def _life(world: World) -> list[tuple[str, str]]:
    """From an extend to the end of one machine, and of what was made for it."""
    before = world.row("web").expires_at
    extended = _said(run(world, "extend", "web", "-d", "9h", "--no-wait"))
    told = [("extend", extended if extended != YES or world.row("web").expires_at > before else "it was not extended")]
    for verb, words, wanted in (("stop", (), "stopped"), ("start", ("-d", "2h"), "running")):
        said = _said(run(world, verb, "web", *words, "--no-wait"))
        world.advance(90)
        told.append((verb, said if said != YES else _is(world, "web", wanted)))
    told.append(
        ("cost", YES if float(answer(world, "cost")["total"]["exact"]["usd_compute"]) > 0 else "nothing is counted")
    )
    for name in [row["name"] for row in answer(world, "list")]:
        run(world, "protect", name, "--off")
        said = _said(run(world, "terminate", name, "--no-wait", "--yes"))
        if name == "web":
            ended = said
    world.advance(180)
    left = [row["name"] for row in answer(world, "list")]
    told.append(("terminate", ended if ended != YES or not left else f"{left} are left"))
    told.append(("gc", _cleaned_up(world)))
    return told


def _cleaned_up(world: World) -> str:
    """What machines were made with is found by a worker, and nothing is left of it."""
    with collecting(world):
        said, left = _said(run(world, "gc", "-y")), run(world, "gc", "--dry-run")
    return said if said != YES or left.stdout.startswith("Nothing of ours") else left.stdout


def _adopted(world: World, cloud: Cloud) -> str:
    said = _said(run(world, "adopt", cloud.foreign(world), "-d", "2h", "--name", "theirs", "--no-wait"))
    world.advance(30)
    return said if said != YES else _is(world, "theirs", "running")


def _another(world: World, key: str) -> str:
    """A machine of ours, where a cloud has none to take in."""
    run(world, "create", "--name", "lost", "--public-key", key, "-d", "8h", "--no-wait", *_nobody(world))
    world.advance(60)
    return "lost"


def _lost_and_found(world: World, name: str) -> str:
    """The database of yesterday knows nothing of what runs."""
    machine = world.row(name).provider_id if _is(world, name, "running") == YES else None
    forget_rows(world)
    world.advance(SWEEP)
    found = [one["provider_id"] for one in answer(world, "orphans")]
    return YES if machine in found else f"{machine} is not among {found}"
