"""What one cloud alone has is spoken of in its own folder, so that nobody reads a second cloud around the words of the first."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ITS_OWN = ("im/providers/aws/", "im/providers/nebius/", "im/standins/nebius/")
"""Nebius has security groups of its own."""
DEFENDED = {
    "im/providers/prices/table.py": "makes the shipped table out of the offer files of whichever cloud, and names the source",
    "im/stack/programs.py": "starts the sandbox's doors, of which one speaks as EC2",
    "im/stack/sandbox.py": "is moto's EC2",
    "im/stack/signature.py": "checks what the sandbox's clients sign",
}
WORDS = re.compile(
    r"ec2|(?<![a-z])ami(?![a-z])|(?<!network)security.?group|(?<![a-z])arn(?![a-z])|(?<![\w-])[a-z]{2}-[a-z]+-\d[a-f](?!\w)",
    re.IGNORECASE,
)
"""EC2, AMI, security group (Azure's are of a network), ARN, and a zone as a region and a letter."""


def found() -> dict[str, list[str]]:
    files = [path for folder in ("im", "workers") for path in sorted((ROOT / folder).rglob("*.py"))]
    named = {path.relative_to(ROOT).as_posix(): path for path in [*files, ROOT / "beat_schedule.py"]}
    others = {name: path for name, path in named.items() if not name.startswith(ITS_OWN)}
    return {name: words for name, path in others.items() if (words := WORDS.findall(path.read_text()))}


def test_the_words_of_one_cloud_stand_in_its_own_folder() -> None:
    assert {name: words for name, words in found().items() if name not in DEFENDED} == {}


def test_whoever_is_excused_still_needs_it() -> None:
    assert DEFENDED.keys() - found().keys() == set()
