"""What a frame of `exec` means: its first byte is a channel, as Kubernetes' own clients have it.

https://github.com/kubernetes/enhancements/tree/master/keps/sig-api-machinery/4006-transition-spdy-to-websockets
"""

from __future__ import annotations

import json
from typing import Any

from im.providers.errors import Unknown
from im.providers.kit.text import scrubbed

V5, V4 = "v5.channel.k8s.io", "v4.channel.k8s.io"
"""The former, of servers from 1.30 on, can also say that there is no more input."""
STDIN, STDOUT, STDERR, STATUS, RESIZE, CLOSE = 0, 1, 2, 3, 4, 255


def framed(channel: int, data: bytes) -> bytes:
    return bytes((channel,)) + data


NO_MORE_INPUT = framed(CLOSE, bytes((STDIN,)))


def resized(columns: int, lines: int) -> bytes:
    return framed(RESIZE, json.dumps({"Width": columns, "Height": lines}).encode())


def exit_code(status: bytes) -> int:
    """Of what the server says last. Raises Unknown, with its words, where no process has run."""
    try:
        told: Any = json.loads(status)
        if told["status"] == "Success":
            return 0
        causes = (told.get("details") or {}).get("causes") or []
        codes = [int(one["message"]) for one in causes if one.get("reason") == "ExitCode"]
        says = scrubbed(str(told.get("message") or "")) or "its process could not be started"
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Unknown("the cluster said something that cannot be read as the process in the pod ended") from None
    if not codes:
        raise Unknown(f"nothing ran in the pod: {says}")
    return codes[0]
