"""Does anything answer at a port?"""

from __future__ import annotations

import socket

PATIENCE = 3.0
"""Seconds."""


def answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=PATIENCE).close()
    except OSError:
        return False
    return True
