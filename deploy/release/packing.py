"""Archives that are the same bytes each time: names in order, nobody's user, one moment for all; and their checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path

CHECKSUMS = "SHA256SUMS"
FIRST = 1_580_601_600
"""2020-02-02, where nothing says when it was: hatchling's own."""


def below(folder: Path, name: str) -> dict[str, Path]:
    """Each file of a folder, by its name in an archive whose only folder is `name`."""
    return {
        f"{name}/{one.relative_to(folder).as_posix()}": one for one in sorted(folder.rglob("*")) if not one.is_dir()
    }


def pack(files: Mapping[str, Path], into: Path, *, at: int) -> None:
    """A .tar.gz of `files`, by their names in it, all of the moment `at` (Unix seconds). A link is packed as what it leads to."""
    with (
        into.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=at) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for name in sorted(files):
            content = files[name].read_bytes()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime, entry.mode = len(content), at, 0o644
            archive.addfile(entry, io.BytesIO(content))


def write_checksums(folder: Path) -> Path:
    """SHA256SUMS of all that lies in `folder`, as `sha256sum --check` reads it."""
    files = [one for one in sorted(folder.iterdir()) if one.is_file() and one.name != CHECKSUMS]
    into = folder / CHECKSUMS
    into.write_text("".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files))
    return into
