"""What answers have in common: bodies that are read, and operations whose end is told elsewhere."""

from __future__ import annotations

from typing import Any

from werkzeug.wrappers import Request

from im.standins.azure.errors import no
from im.standins.azure.subscription import Operation

HEADERS = "im.headers"
"""Where a request keeps the headers of its answer."""


def json_of(request: Request) -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise no(400, "InvalidRequestContent", "The request content was invalid and could not be deserialized.")
    return asked


def accepted(request: Request, operation: Operation, status: int = 202, body: Any = None) -> tuple[int, Any]:
    """Under way: the first header names what tells its end, the other one where its result will be."""
    version = request.args["api-version"]
    base = f"{request.host_url.rstrip('/')}{request.environ['im.subscription']}/providers/Microsoft.Compute"
    url = f"{base}/locations/{operation.location}/operations/{operation.id}?api-version={version}"
    headers: dict[str, str] = request.environ[HEADERS]
    headers["Azure-AsyncOperation"] = url
    headers["Retry-After"] = "1"
    if status == 202:
        headers["Location"] = f"{url}&monitor=true"
    return status, body
