"""What instances are called: names people choose or that we make up, and ids that say whose they are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from im.domain.errors import Refused

if TYPE_CHECKING:
    from random import Random

_NAME = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: nothing to confuse when read aloud
_FIRST = """
    amber azure bold brave brisk calm clear clever cosy crisp dapper deft eager early fair fleet fond gentle glad
    golden happy hardy honest humble jolly keen kind lively lucky lunar mellow merry mild nimble noble patient
    plucky polite proud quick quiet rapid ready rosy royal shy silent silver smart snowy solar spry steady sunny
    swift tidy vivid warm wise witty
""".split()
_SECOND = """
    acorn badger beaver birch bison brook canyon cedar comet coral crane cricket dolphin dune eagle falcon fern
    finch fjord fox gecko glade grove harbor hare hawk heron iris island ivy jay juniper kestrel koala lagoon lake
    lark lemur lily lynx maple marmot meadow mole moose newt oak orca otter owl panda pebble penguin pine plover
    puffin quail raven reef river robin salmon seal sparrow spruce squid stork swan tern thistle tiger toad tulip
    turtle walrus willow wren yak
""".split()


def check_name(name: str) -> str:
    """`name` itself. Raises Refused, with the nearest right form where there is one."""
    shown = name if len(name) <= 40 else f"{name[:37]}…"
    if name.startswith(("im-", "i-")):
        raise Refused(f"'{shown}' looks like an id, not a name", "choose a name that does not begin with im- or i-")
    if _NAME.fullmatch(name):
        return name
    near = re.sub(r"[^a-z0-9]+", "-", name.lower(), flags=re.ASCII).lstrip("-0123456789")[:63].rstrip("-")
    hint = f"did you mean {near}?" if _NAME.fullmatch(near) else "for example web-1"
    raise Refused(f"'{shown}' is no name: use a-z, 0-9 and -, a letter first, at most 63 characters", hint)


_TAG = re.compile(r"[\w .:/=+@-]{1,128}")
_TAG_VALUE = re.compile(r"[\w .:/=+@-]{0,256}")
_MOST_TAGS = 45
"""Clouds allow 50 or more, of which five are im's own."""


def check_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """`tags` themselves. Raises Refused for what clouds would refuse, and for the prefixes that are ours or the cloud's."""
    for key, value in tags.items():
        if key.lower().startswith(("im:", "aws:")) or key == "Name":
            raise Refused(f"the tag {key[:40]} is not yours to set", "choose another key")
        if not _TAG.fullmatch(key) or not _TAG_VALUE.fullmatch(value):
            said = f"{key}={value}"[:60]
            raise Refused(
                f"'{said}' is no tag: letters, digits, spaces and _.:/=+-@, at most 128 and 256", "--tag team=web"
            )
    if len(tags) > _MOST_TAGS:
        raise Refused(f"{len(tags)} tags are more than a machine can carry", f"give at most {_MOST_TAGS}")
    return dict(tags)


_LOGIN = r"[a-z_][a-z0-9_-]{0,31}|Administrator"


def check_login(user: str) -> str:
    """`user` itself, who ends up on ssh's command line. Raises Refused."""
    if not re.fullmatch(_LOGIN, user, re.ASCII):
        raise Refused(f"'{user[:40]}' is no user's name", "for example ubuntu, root or admin")
    return user


def make_name(random: Random, *, crowded: bool = False) -> str:
    """Two words, `brave-otter`; with a number behind when the plain ones are getting taken."""
    name = f"{random.choice(_FIRST)}-{random.choice(_SECOND)}"
    return f"{name}-{random.randrange(2, 1000)}" if crowded else name


def make_id(random: Random) -> str:
    """`im-` and ten characters: 50 bits, checked for uniqueness by the database all the same."""
    return "im-" + "".join(random.choice(_ID_ALPHABET) for _ in range(10))


def numbered(name: str, count: int) -> tuple[str, ...]:
    """`web` → web-1 … web-count; just `web` for one."""
    return (name,) if count == 1 else tuple(f"{name}-{n}" for n in range(1, count + 1))
