"""How much user data a cloud takes, and in which form."""

from __future__ import annotations

from im.domain.errors import Refused


def check_text(content: bytes | None, cloud: str, most: int, told: str) -> None:
    """Raises Refused for more than `most` bytes, which are `told` like 64 KiB, and for what is no text."""
    if content is None:
        return
    if len(content) > most:
        raise Refused(
            f"{cloud} takes at most {told} of user data, and this has {len(content)} bytes", "make it smaller"
        )
    try:
        content.decode()
    except UnicodeDecodeError:
        hint = "give plain text, not a compressed file"
        raise Refused(f"{cloud} takes user data as UTF-8 text only", hint) from None
