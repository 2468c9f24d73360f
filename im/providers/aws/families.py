"""What the name of an instance type tells without asking anyone: for the prompt, and where EC2 may not be asked.

The rule holds for every one of the 1,395 types that moto's copy of AWS's own table lists; a test holds it to them.
"""

from __future__ import annotations

import re

X86, ARM = "x86_64", "arm64"

# Graviton puts a g behind the generation (m7g, c7gn, im4gn, is4gen); a1 was the first of them, Grace says gb200
_ARM_FAMILY = re.compile(r"a1|[a-z]+\d+g[a-z]*(?:-.*)?|[a-z0-9]+-gb\d+", re.ASCII)
_TWIN = {X86: "t3", ARM: "t4g"}
_TWIN_SIZES = ("nano", "micro", "small", "medium", "large", "xlarge")


def architecture_of(instance_type: str) -> str:
    """`arm64` for Graviton and Grace, else `x86_64`."""
    return ARM if _ARM_FAMILY.fullmatch(instance_type.partition(".")[0]) else X86


def twin_of(instance_type: str, architecture: str) -> str:
    """A small type of that architecture, of the same size where there is one: for hints."""
    size = instance_type.partition(".")[2]
    return f"{_TWIN[architecture]}.{size if size in _TWIN_SIZES else 'large'}"
