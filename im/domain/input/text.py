"""What people say of themselves and of what they do: one line, bounded, of characters that can be seen.

It ends up in tags, mails, logs, terminals, CSV cells and XML, none of which bears everything.
"""

from __future__ import annotations

from im.domain.errors import Refused

OWNER = 128
"""Characters of an owner's or actor's name; an address of mail has room."""
REASON = 300
PLACE = 63
"""Of an account's or a region's name."""
TOLD = 2000
"""Of a sentence in the history: the cloud's own words have at most 600."""


def check_text(text: str, what: str, most: int, hint: str) -> str:
    """`text` itself. Raises Refused, in which nothing of it is repeated that could not be shown."""
    if not text.strip():
        raise Refused(f"{what} is empty", hint)
    if len(text) > most:
        raise Refused(f"{what} has {len(text)} characters, and {most} are the most", hint)
    if not text.isprintable():  # controls, escapes, line ends, direction overrides, lone surrogates
        raise Refused(f"{what} holds characters that cannot be shown: {ascii(text)[1:61]}", hint)
    return text


def visible(text: str) -> str:
    """`text` on one line, with a ? for each character that cannot be shown."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "?" for c in text)
