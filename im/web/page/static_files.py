"""Stylesheet, scripts and icons, each at an address that changes with their content, so that a browser keeps it for ever."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi import Path as PathParameter
from starlette.exceptions import HTTPException
from starlette.responses import Response

router = APIRouter(include_in_schema=False)
FOLDER = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@router.get("/static/{stamp}/{name}")
def get_static(
    stamp: str = PathParameter(pattern="^[0-9a-f]{12}$"), name: str = PathParameter(pattern="^[a-z.]{3,40}$")
) -> Response:
    """One file; an older version's address is answered with today's file, and not kept."""
    content = _files().get(name)
    if content is None:
        raise HTTPException(404)
    kept = "public, max-age=31536000, immutable" if stamp == _stamp() else "no-store"
    kind = TYPES[Path(name).suffix]
    return Response(content, headers={"content-type": f"{kind}; charset=utf-8", "cache-control": kept})


def url_of(name: str) -> str:
    return f"/static/{_stamp()}/{name}"


@cache
def _files() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.suffix in TYPES}


@cache
def _stamp() -> str:
    """Of all together, for the scripts name each other."""
    return hashlib.sha256(b"".join(content for _, content in sorted(_files().items()))).hexdigest()[:12]
