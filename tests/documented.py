"""The command lines that README and docs tell people to type, in the order of the documents."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ELSEWHERE = frozenset("up down service worker beat flower web demo db doctor login logout mcp --watch".split())
"""Of `im`, what starts processes or asks them: tests/unit/test_documented.py says which test runs it."""


def elsewhere(own: Sequence[str]) -> bool:
    """Is it one of those? By its command, for a word such as `service` may be a value too."""
    if own[:2] == ["web", "link"]:  # it makes a row, and starts nothing
        return False
    return own[0] in ELSEWHERE or not ELSEWHERE.isdisjoint(word for word in own if word.startswith("--"))


_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
_SHELLS = ("bash", "sh", "shell", "console")
_PROGRAMS = (
    "im celery docker docker-compose make python python3 pip aws psql valkey-cli redis-cli openssl ssh-keygen git"
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a shell block, without its comment."""

    document: str
    text: str
    comment: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.text)

    def __str__(self) -> str:
        return f"{self.document}: {self.text}"


def lines(document: Path) -> list[Line]:
    """Of every fenced block that is for a shell."""
    found = []
    for language, block in _BLOCK.findall(document.read_text()):
        for line in block.splitlines() if language in _SHELLS else ():
            text, _, comment = line.partition(" #")
            if text.strip():
                found.append(Line(document.name, text.strip(), comment.strip()))
    return found


def all_lines() -> list[Line]:
    return [line for document in DOCUMENTS for line in lines(document)]


def spans(document: Path) -> list[str]:
    """Command lines in the running text: `im why web-1`. Often a part of one, or with … where anything may stand."""
    text = _BLOCK.sub("", document.read_text())
    return [span for span in re.findall(r"`([^`\n]+)`", text) if span.split()[0] in _PROGRAMS.split()]


def commands(text: str) -> Iterator[list[str]]:
    """The commands of a line one after the other, each as words: `cp a b && im list`."""
    for one in re.split(r"&&|\|\|?|;", text):
        try:
            words = shlex.split(one)
        except ValueError:  # cut in the middle of what is quoted
            words = one.split()
        if words:
            yield words


def words_of_im(words: Sequence[str]) -> list[str] | None:
    """What `im` itself is given, also inside a container or a virtual environment; None for another program."""
    if words[:2] == ["docker", "compose"]:
        words = inside_container(words[2:])
    elif words[:1] == ["kubectl"] and "--" in words:
        words = words[words.index("--") + 1 :]
    return list(words[1:]) if words and words[0] in ("im", ".venv/bin/im") else None


def inside_container(words: Sequence[str]) -> list[str]:
    """What runs there: `run im list` and `exec worker im list`; nothing for what only moves containers."""
    verb, rest = (words[0], list(words[1:])) if words else ("", [])
    while rest and rest[0].startswith("-"):
        rest = rest[2 if rest[0] in ("-v", "-e") else 1 :]
    if verb == "exec":
        return rest[1:]
    return rest if verb == "run" else []
