"""The wire, by botocore's own service models: requests into boto3's parameter names, answers into the elements boto3 reads.

So no element name is written by hand anywhere in the stand-in.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import cache
from typing import Any
from xml.sax.saxutils import escape

import botocore.session


class Raw(str):
    """Markup that stands for the inside of a whole element."""

    __slots__ = ()


@cache
def service(name: str) -> Any:
    """botocore's model of a service."""
    return botocore.session.Session().get_service_model(name)


@cache
def operation(name: str, action: str) -> Any:
    """botocore's model of one operation; raises botocore.model.OperationNotFoundError."""
    return service(name).operation_model(action)


# ---- requests --------------------------------------------------------------------------------------------------------


def read_query(name: str, action: str, flat: Mapping[str, str]) -> dict[str, Any]:
    """The parameters of a query-protocol request (`Filter.1.Value.2=x`) as boto3 was given them."""
    shape = operation(name, action).input_shape
    if shape is None:
        return {}
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        node, *deeper = key.split(".")
        at = tree
        for part in deeper:
            at = at.setdefault(node, {})
            node = part
        at[node] = value
    read: dict[str, Any] = _read(shape, tree, name == "ec2")
    return read


def _read(shape: Any, node: Any, ec2: bool) -> Any:
    match shape.type_name:
        case "structure":
            found = ((member, sub, node.get(_asked_as(sub, member, ec2))) for member, sub in shape.members.items())
            return {member: _read(sub, inside, ec2) for member, sub, inside in found if inside is not None}
        case "list":
            items = node if ec2 or shape.serialization.get("flattened") else node.get("member", {})
            return [_read(shape.member, items[key], ec2) for key in sorted(items, key=int)]
        case "integer" | "long":
            return int(node)
        case "float" | "double":
            return float(node)
        case "boolean":
            return node == "true"
        case "blob":
            return base64.b64decode(node)
        case _:
            return node


def _asked_as(shape: Any, member: str, ec2: bool) -> str:
    written = shape.serialization
    if not ec2:
        return str(written.get("name", member))
    if "queryName" in written:
        return str(written["queryName"])
    given = str(written.get("name", member))
    return given[0].upper() + given[1:]


# ---- answers ---------------------------------------------------------------------------------------------------------


def write(shape: Any, value: Any, name: str) -> str:
    """`value` as the element `name`, in the names that botocore looks for. Members that are None are left out."""
    if isinstance(value, Raw):
        return f"<{name}>{value}</{name}>"
    match shape.type_name:
        case "structure":
            return f"<{name}>{inside(shape, value)}</{name}>"
        case "list":
            item = shape.member.serialization.get("name", "member")
            if shape.serialization.get("flattened"):
                return "".join(write(shape.member, one, name) for one in value)
            return f"<{name}>{''.join(write(shape.member, one, item) for one in value)}</{name}>"
        case "boolean":
            return f"<{name}>{'true' if value else 'false'}</{name}>"
        case "blob":
            return f"<{name}>{base64.b64encode(value).decode()}</{name}>"
        case _:
            return f"<{name}>{escape(str(value))}</{name}>"


def inside(shape: Any, value: Mapping[str, Any]) -> str:
    """The members of a structure, one after the other. A member that the model does not have is a KeyError."""
    return "".join(
        write(shape.members[member], one, shape.members[member].serialization.get("name", member))
        for member, one in value.items()
        if one is not None
    )


def answer(name: str, action: str, value: Mapping[str, Any] | Raw, request_id: str) -> str:
    """A whole successful answer of the query or EC2 protocol."""
    model = operation(name, action)
    shape = model.output_shape
    inner = value if isinstance(value, Raw) else inside(shape, value) if shape and value else ""
    if name == "ec2":
        space = service(name).metadata["xmlNamespace"]
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<{action}Response xmlns="{space}/">'
            f"<requestId>{request_id}</requestId>{inner}</{action}Response>"
        )
    space, wrapper = service(name).metadata["xmlNamespace"], shape.serialization.get("resultWrapper") if shape else ""
    wrapped = f"<{wrapper}>{inner}</{wrapper}>" if wrapper else inner
    return (
        f'<{action}Response xmlns="{space}">{wrapped}<ResponseMetadata><RequestId>{request_id}</RequestId>'
        f"</ResponseMetadata></{action}Response>"
    )


def refusal(name: str, code: str, message: str, status: int, request_id: str) -> str:
    """A whole error answer of the query or EC2 protocol."""
    said = f"<Code>{escape(code)}</Code><Message>{escape(message)}</Message>"
    if name == "ec2":
        return (
            f'<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error>{said}</Error></Errors>'
            f"<RequestID>{request_id}</RequestID></Response>"
        )
    kind = "Receiver" if status >= 500 else "Sender"
    return f"<ErrorResponse><Error><Type>{kind}</Type>{said}</Error><RequestId>{request_id}</RequestId></ErrorResponse>"
