"""A process that runs here, for whoever pretends that it runs in a pod."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import termios
from collections.abc import Callable, Mapping


class Here:
    def __init__(self, command: list[str], terminal: bool, env: Mapping[str, str]) -> None:
        self.stderr: int | None = None
        if terminal:
            master, slave = os.openpty()
            self.stdin, self.stdout = master, os.dup(master)
            files = {"stdin": slave, "stdout": slave, "stderr": slave}
            self._process = subprocess.Popen(command, env=dict(env), start_new_session=True, **files)  # type: ignore[call-overload]
            os.close(slave)
            return
        inside_in, self.stdin = os.pipe()
        self.stdout, inside_out = os.pipe()
        self.stderr, inside_err = os.pipe()
        self._process = subprocess.Popen(command, env=dict(env), stdin=inside_in, stdout=inside_out, stderr=inside_err)
        for one in (inside_in, inside_out, inside_err):
            os.close(one)

    def resize(self, columns: int, lines: int) -> None:
        fcntl.ioctl(self.stdin, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def wait(self) -> int:
        return int(self._process.wait())


def here(env: Mapping[str, str]) -> Callable[[list[str], bool], Here]:
    return lambda command, terminal: Here(command, terminal, env)
