"""What `im up` writes for every other command: where this machine's own stack listens, and whether it still does.

After a restart of the machine the file lies there, and anybody's program may have the ports by then: no password is for it.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

STACK_FILE = "stack.json"
"""In the state folder (0600): Settings fields by name."""
DETAILS_FILE = "stack/details.json"
"""What the stack keeps for itself; `sockets` is a folder that nobody else can enter."""
CONTROL = "control/sock"
"""In that folder: where the supervisor of everything that listens is asked."""
_TELL_A_PASSWORD = ("broker_url", "flower_url")
"""The other addresses lead to a socket in a private folder, or take signatures: their secrets do not travel."""
_ANSWER = 2.0
"""Seconds; a socket of this machine takes a connection at once, or never."""


def read_stack(home: Path) -> dict[str, str]:
    """The addresses of the stack in `home`, by field; without those that a password would be sent to once it is gone."""
    read = _read(home / STACK_FILE)
    if any(name in read for name in _TELL_A_PASSWORD) and not _is_supervised(home):
        return {name: value for name, value in read.items() if name not in _TELL_A_PASSWORD}
    return read


def _is_supervised(home: Path) -> bool:
    sockets = _read(home / DETAILS_FILE).get("sockets")
    if not sockets:
        return False
    import socket  # where the services are elsewhere, nobody needs one

    with suppress(OSError), socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(_ANSWER)
        asked.connect(str(Path(sockets) / CONTROL))
        return True
    return False


def _read(path: Path) -> dict[str, str]:
    try:
        read = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return read if isinstance(read, dict) else {}
