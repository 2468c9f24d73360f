"""The file behind `--user-data`, with every way to get it wrong answered. How much of it a cloud takes is the provider's to say."""

from __future__ import annotations

from pathlib import Path

from im.domain.errors import Refused

MAX_BYTES = 1024 * 1024
"""More than any cloud takes; what is bigger is not even read to its end."""


def read_user_data(path: Path) -> bytes:
    """The bytes of the file. Raises Refused; never shows what is in it."""
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise Refused(
            f"there is no file {path}", "--user-data takes a file with a script or cloud-init's YAML"
        ) from None
    except IsADirectoryError:
        raise Refused(f"{path} is a folder, not user data", "--user-data takes one file") from None
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {(exc.strerror or 'no reason given').lower()}", "") from None
    if not content:
        raise Refused(f"{path} is empty", "leave --user-data out")
    if len(content) > MAX_BYTES:
        raise Refused(f"{path} is too big for user data (more than 1 MB)", "let it fetch the rest from somewhere")
    return content
