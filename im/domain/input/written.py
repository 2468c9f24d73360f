"""Text as editors and shells of all systems write it: with a byte order mark, in UTF-16, with the line ends of another system."""

from __future__ import annotations

import codecs

_MARKS = (
    # the longer ones first: UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def encoding_of(content: bytes) -> str:
    """The encoding that `content` says or shows; UTF-8 where nothing speaks against it."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return encoding
    # ASCII in two bytes each, as PowerShell's `>` writes it, its mark lost on the way
    head = content[:64]
    if len(head) >= 4 and len(content) % 2 == 0:
        if not any(head[1::2]) and all(head[::2]):
            return "utf-16-le"
        if not any(head[::2]) and all(head[1::2]):
            return "utf-16-be"
    return "utf-8"


def read(content: bytes) -> str:
    """The text, lines ending as they ended. Raises UnicodeDecodeError, a ValueError, for what is no text."""
    return content.decode(encoding_of(content))


def unix(text: str) -> str:
    """`text` with the line ends of Unix."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def from_base64(text: str) -> bytes | None:
    """What `text` is the base64 of, whole and in one piece or in lines; None when it is not."""
    packed = "".join(text.split())
    if len(packed) < 16 or not packed.isascii():
        return None
    import base64  # every command may have a file to read, and few have anything in base64

    try:
        return base64.b64decode(packed, validate=True)
    except ValueError:
        return None
