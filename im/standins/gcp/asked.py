"""What callers send: read, and held to the letters that Google takes; and whether they may."""

from __future__ import annotations

import re
from typing import Any

from werkzeug.wrappers import Request

from im.standins.gcp import errors
from im.standins.gcp.project import Project

_KEY, _VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")


def body_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise errors.no(400, "parseError", "Parse Error")
    return asked


def last(path: object) -> str:
    return str(path or "").rpartition("/")[2]


def checked_labels(labels: Any) -> dict[str, str]:
    found = dict(labels or {})
    for key, value in found.items():
        if not _KEY.fullmatch(key) or not _VALUE.fullmatch(str(value)):
            raise errors.invalid("resource.labels", f"'{key}={value}'. Label keys and values take small letters only.")
    if len(found) > 64:
        raise errors.invalid("resource.labels", "too many labels")
    return found


def project_needs(project: Project, permission: str, path: str) -> None:
    project.used.add(permission)
    if project.granted is not None and permission not in project.granted:
        raise errors.lacking(permission, path)
