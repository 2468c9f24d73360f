"""The file behind `--user-data`, with every way to get it wrong answered. How much of it a cloud takes is the provider's to say."""

from __future__ import annotations

import codecs
from pathlib import Path

from im.cli.output.errors import note
from im.domain.errors import Refused
from im.domain.input import written

MAX_BYTES = 1024 * 1024
"""More than any cloud takes; what is bigger is not even read to its end."""

_OF_UNIX = ("#!", "#cloud-config", "#cloud-boothook", "#include", "#part-handler", "## template:")
_KNOWN = (*_OF_UNIX, "content-type:", "mime-version:", "<powershell>", "<script>", "version: 1.", "{", "[")
"""What cloud-init, Ignition, Bottlerocket and the agents of Windows images know their own by."""
_GZIP = b"\x1f\x8b"
_OTHERWISE_PACKED = {b"PK\x03\x04": "zip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}


def read_user_data(path: Path) -> bytes:
    """The bytes that the machine is to get: the file's own, but for what would keep them from being run.

    Raises Refused; never shows what is in it. What was changed, and what may not be meant, is told.
    """
    path, content = _read(path)
    if content.startswith(_GZIP):
        return content
    packed = next((name for mark, name in _OTHERWISE_PACKED.items() if content.startswith(mark)), None)
    if packed:
        raise Refused(f"{path} is compressed by {packed}, which no machine unpacks at its start", "gzip is unpacked")
    try:
        text = written.read(content)
    except UnicodeDecodeError:
        return content  # a script in an older encoding, or a system's own form
    if not text.strip("\ufeff \t\r\n"):
        raise Refused(f"{path} is empty", "leave --user-data out")
    inside = written.from_base64(text)
    if inside is not None and (inside.startswith(_GZIP) or _is_known(inside.decode("latin-1"))):
        note(f"{path} is base64 already: the machine gets what is in it")
        content, text = inside, inside.decode("utf-8", "replace")
        if inside.startswith(_GZIP):
            return inside
    return _runnable(path, content, text)


def _runnable(path: Path, content: bytes, text: str) -> bytes:
    """A mark, a blank line or a carriage return before or after `#!/bin/sh`, and the script does not run: these go."""
    bare = text.lstrip("\ufeff \t\r\n")
    encoding = written.encoding_of(content)
    if not bare.lower().startswith(_OF_UNIX):
        if not _is_known(bare):
            near = (
                "#cloud-config"
                if bare.lower().startswith(("# cloud-config", "#cloud_config"))
                else "#! or #cloud-config"
            )
            note(f"{path} does not begin with {near}, so that cloud-init does nothing with it")
        return (
            content if encoding in ("utf-8", "utf-8-sig") and not content.startswith(codecs.BOM_UTF8) else bare.encode()
        )
    mended = written.unix(bare)
    was = [
        ("in UTF-16", encoding.startswith(("utf-16", "utf-32"))),
        ("with a byte order mark", encoding == "utf-8-sig"),
        ("with lines before its first", text.lstrip("\ufeff") != bare),
        ("with the line ends of Windows", mended != bare),
    ]
    if told := [words for words, so in was if so]:
        note(f"{path} is written {' and '.join(told)}; the machine gets it as Unix writes it")
        return mended.encode()
    return content


def _is_known(text: str) -> bool:
    return text.lstrip("\ufeff \t\r\n").lower().startswith(_KNOWN)


def _read(path: Path) -> tuple[Path, bytes]:
    try:
        path = path.expanduser()
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except RuntimeError:  # no such user, or no home
        raise Refused(f"{path} names a home folder that is not known here", "give the whole path of the file") from None
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
    return path, content
