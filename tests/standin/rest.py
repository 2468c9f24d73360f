"""Services that speak REST with JSON: which method and path is which operation, by botocore's model."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.standin import model
from tests.standin.errors import AwsError

SERVICES = ("scheduler",)


def read(service: str, method: str, target: str, body: bytes) -> tuple[str, dict[str, Any]]:
    """(operation, parameters under boto3's names)."""
    url = urlsplit(target)
    for name, verb, pattern in _routes(service):
        found = pattern.fullmatch(url.path)
        if verb == method and found:
            asked = {key: unquote(value) for key, value in found.groupdict().items()}
            asked |= json.loads(body) if body else {}
            return name, asked | _query(service, name, url.query)
    raise AwsError("UnknownOperationException", f"{method} {url.path} is no operation of {service}", 404)


def _query(service: str, name: str, query: str) -> dict[str, Any]:
    given = parse_qs(query)
    members = model.operation(service, name).input_shape.members
    found: dict[str, Any] = {}
    for member, shape in members.items():
        where = shape.serialization
        if where.get("location") == "querystring" and where.get("name", member) in given:
            text = given[where.get("name", member)][0]
            found[member] = int(text) if shape.type_name == "integer" else text
    return found


@cache
def _routes(service: str) -> list[tuple[str, str, re.Pattern[str]]]:
    operations = [model.operation(service, name) for name in model.service(service).operation_names]
    return [
        (
            one.name,
            one.http["method"],
            re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(one.http["requestUri"]))),
        )
        for one in operations
    ]
