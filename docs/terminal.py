"""Draws docs/terminal.svg from a real run: a private sandbox, the first commands a person types, what they really print.

.venv/bin/python docs/terminal.py
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

HERE = Path(__file__).parent
WIDTH = 126
SPINNER = {chr(c) for c in range(0x2800, 0x2900)}
IM = str(Path(sys.executable).parent / "im")


def on_a_terminal(words: list[str], environ: dict[str, str]) -> str:
    """What `words` print on a terminal of WIDTH columns, colours and all; a live line shows its last state."""
    leader, follower = pty.openpty()
    child = subprocess.Popen(words, stdin=follower, stdout=follower, stderr=follower, env=environ)
    os.close(follower)
    said = b""
    while chunk := _read(leader):
        said += chunk
    child.wait()
    os.close(leader)
    return said.decode().replace("\r\n", "\n")


def _read(leader: int) -> bytes:
    try:
        return os.read(leader, 65536)
    except OSError:  # Linux says so when the other end has closed
        return b""


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="im-svg-", dir="/tmp"))
    environ = {
        **os.environ,
        "IM_HOME": str(folder / "h"),
        "IM_OWNER": "ada",
        "COLUMNS": str(WIDTH),
        "TERM": "xterm-256color",
    }
    for name in ("IM_DATABASE_URL", "IM_BROKER_URL", "NO_COLOR"):
        environ.pop(name, None)
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"), force_terminal=True)  # noqa: SIM115

    def show(*words: str, shown: str = "") -> None:
        console.print(Text.assemble(("$ ", "bold green"), (shown or " ".join(["im", *words]), "bold")))
        lines = on_a_terminal([IM, *words], environ).replace(str(key), "~/.ssh/id_ed25519").split("\n")
        # a spinner is redrawn in place and gone in the end
        stays = [last for line in lines if not SPINNER & set(last := line.split("\r")[-1])]
        console.print(Text.from_ansi("\n".join(stays).rstrip()))
        console.print()

    try:
        subprocess.run([IM, "up", "-d"], env=environ, check=True, capture_output=True)
        words = ["create", "--name", "web-1", "-d", "20s", "--public-key", f"{key}.pub"]
        show(*words, shown="im create --name web-1 -d 20s --public-key ~/.ssh/id_ed25519.pub")
        show("list")
        time.sleep(22)
        console.print(Text("# twenty seconds later\n", "dim"))
        show("list")
        show("extend", "web-1", "-d", "2h")
        show("history", "web-1")
    finally:
        subprocess.run([IM, "down", "--purge", "-y"], env=environ, check=False, capture_output=True)
        shutil.rmtree(folder, ignore_errors=True)
    (HERE / "terminal.svg").write_text(console.export_svg(title="im, against its sandbox"))


if __name__ == "__main__":
    main()
