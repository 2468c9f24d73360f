"""The same command says the same, word for word, and leaves with the same code: by the services, and over the API.

Every command that is not of a machine by its nature has its line here; `test_commands.py` and `test_looks.py` go both ways whole.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from difflib import unified_diff
from random import Random

import pytest

from im.cli.main import COMMANDS
from im.services.requests import adopt, create
from tests.integration.serving import Serving
from tests.integration.typed import run
from tests.orphans import an_orphan
from tests.world import World, empty

OF_A_MACHINE = frozenset(
    "up down demo worker beat flower web mcp service db completion login logout doctor metrics session".split()
)
"""These are about this machine, or about the way to the API itself; `metrics` counts the very requests."""

STORY = """
list
list --json
list -q
agenda
cost
create --name web --count 2 --public-key KEY --no-wait -d 2h
ADVANCE 5
create --name web --count 2 --public-key KEY --no-wait
ADVANCE 5
create --name db --public-key KEY --no-wait --json --tag team=db --protect --open 443/tcp
ADVANCE 5
create --name gone --public-key KEY --no-wait --spot one-time --max-price 0.05 -d 30m
ADVANCE 5
create --name x --public-key KEY --dry-run --count 3 --keep-stopped 1d
create --name x --public-key KEY --dry-run --json
create --name x --public-key KEY --instance-type nothing --no-wait
ADVANCE 5
create --name guarded --public-key KEY --no-wait --guard native -d 1h
ADVANCE 15
status guarded
why guarded
why guarded --json
create --name x --public-key KEY --dry-run --guard native
create --name x --public-key KEY --provider gcp
create --name x --public-key KEY --provider hetzner --guard native
create --public-key KEY --name Web
create --public-key KEY --count 0
create --public-key KEY --ssh-from me --public-ip no
ADVANCE 5
list
list --all --json
list -c NAME,OWNER,ERROR,CREATED
list --filter status=running --filter owner=me
list --filter owner=bob
list -o name
view
view save soon-mine --view soon --filter owner=me -c NAME,TIME-LEFT,ERROR
view save soon-mine --view overdue --filter status=running --all
view save db --filter name=db --json
view save mine --filter owner=me
view save x --filter colour=red
view save x -c HUE
view save a/b
view rename db soon-mine
view rename db data
view
view list --json
list --view data
list --view data -c NAME,OWNER
list --view soon-mine --json
list --view soon
list --view failed --filter owner=me
list --view nothing
view delete data
view delete data
view delete mine
view delete a/b
view -q
status web-1
status web-1 db --json
status web-1 -c NAME,IP
status nothing
status web-3
why web-1
why web-1 --json
history db
history db --json
agenda --within 1h
agenda --json
ssh web-1 --print
extend web-1 -d 1h --no-wait
extend web-1 web-2 nothing -d 1h
extend --all -d 30m --no-wait --json
extend web-1 -d 1h --dry-run
extend web-1 web-2 -d 90m --dry-run
extend web-1 db -d 3h --dry-run --json
stop web-1 --dry-run --json
stop web-1 --no-wait
stop gone --no-wait
ADVANCE 30
list
extend web-1 -d 1h --dry-run
extend web-1 -d 1h --no-start --no-wait
start web-1 -d 1h --dry-run --json
start web-1 --no-wait
terminate db -y
terminate web-2
terminate web-2 -y --no-wait
protect db --off
protect gone
terminate db -y --dry-run
give web-1 --to bob
give web-1 --to ada --json
ADVANCE 60
list --all
cost --by type
cost --json
cost --csv
cost --by nothing
budget
budget set 500
budget set 20 --owner bob
budget set 1000 --everybody
budget --json
budget remove --owner bob
budget remove --owner bob
create --public-key KEY --name dear --count 500 -d 30d --no-wait
extend web-1 -d 300d --dry-run
extend web-1 -d 300d
offers --gpu h1000
offers --max-price much
prices list small
prices list --json
prices set small 0.5 --spot
prices set small many
user
user add ml --kind team
user add bob --team ml --display Bob
user add bob
user set bob --role viewer
user set nobody --role viewer
user --json
user disable bob
user enable bob
token --user bob
token revoke tok-0000000000
quota
quota set --user bob --live 3 --ttl 12h --types t3.*
quota set --role member --usd-per-hour 3
quota --json
quota remove --user bob
webhook
webhook create ci https://ci.example.com/im --on running,failed
webhook create ci https://ci.example.com/im
webhook create everything https://ci.example.com/im --everybody --json
webhook create inside http://127.0.0.1/
webhook create wrong https://ci.example.com/im --on nothing
webhook
webhook --json
webhook -o name
webhook test ci --no-wait
webhook deliveries ci -n 1
webhook test ci --timeout 1s
webhook deliveries nothing
webhook set ci --url https://ci.example.com/other --on stopped
webhook set ci
webhook rotate ci --overlap 1h
webhook rotate ci --overlap 30d
webhook disable ci
webhook test ci
webhook enable ci --json
webhook resend everything
webhook remove everything
webhook remove everything
audit -n 3 --json
audit -n 5
user remove bob
pause --for 30m --reason incident
list
resume
resume
ORPHAN 0
orphans
orphans --json
list
orphans adopt fake-800000 -d 4h --no-wait
orphans terminate fake-000778 -y
adopt fake-000900 -d 1h --name old --no-wait
adopt i-0 -d 1h
adopt
gc --dry-run --timeout 1s
extend web-1 -d banana
frobnicate
""".strip().splitlines()

REHEARSED = re.compile(r"^(until +).+?(?= \(in )", re.MULTILINE)
"""A rehearsal counts from this machine's own clock, which goes on between the two."""
SECRETS = re.compile(r"\b(?:tok|whk)-[0-9a-z]{10}\b|\bmsg_[0-9a-f]{24}\b|\bim_(?:pat|svc)_\w+|\bwhsec_[\w+/=]+")
VARIES = ("channel", "request_id", "token", "began_at")


@dataclass
class Said:
    words: str
    code: int
    out: str
    err: str


def told(world: World, key: str, monkeypatch: pytest.MonkeyPatch) -> list[Said]:
    """The whole story; what is made up is made up the same each time."""
    found: list[Said] = []
    for seed, module in enumerate((create, adopt)):
        monkeypatch.setattr(module, "_random", Random(seed))

    for line in STORY:
        word, _, rest = line.partition(" ")
        if word == "ADVANCE":
            world.advance(float(rest))
        elif word == "ORPHAN":
            an_orphan(world, "ada", int(rest))
        else:
            result = run(world, *line.replace("KEY", key).split())
            found.append(Said(line, int(result.exit_code), _plain(result.stdout), _plain(result.stderr)))
    return found


def _plain(text: str) -> str:
    """Without what has to differ: the way by which it came."""
    try:
        read = json.loads(text)
    except ValueError:
        return SECRETS.sub("<secret>", REHEARSED.sub(r"\1<moment>", re.sub(r"\b(cli|api)\b", "<way>", text)))
    return SECRETS.sub("<secret>", json.dumps(_without(read), indent=1))


def _without(read: object) -> object:
    if isinstance(read, list):
        return [_without(one) for one in read]
    if isinstance(read, dict):
        varies = (*VARIES, "expires_at") if "dry_run" in read else VARIES
        return {key: _without(value) for key, value in read.items() if key not in varies}
    return read


def test_every_command_has_its_line() -> None:
    typed = {line.split()[0] for line in STORY}
    assert set(COMMANDS) - OF_A_MACHINE - typed == set()


def test_both_ways_say_the_same(
    world: World, served: Serving, key: str, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.place = None
    by_the_services = told(world, key, monkeypatch)
    empty(database_url)
    again = World(database_url)
    try:
        again.place = served.before(again)
        over_the_api = told(again, key, monkeypatch)
    finally:
        again.close()
    differ = [pair for pair in zip(by_the_services, over_the_api, strict=True) if pair[0] != pair[1]]
    assert not differ, "\n".join(difference(*pair) for pair in differ)


def difference(one: Said, other: Said) -> str:
    lines = (f"{said.code}\n{said.out}\n{said.err}".splitlines() for said in (one, other))
    return "\n".join([f"$ im {one.words}", *unified_diff(*lines, "services", "api", n=0, lineterm="")])
