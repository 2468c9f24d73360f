"""A form as a tool's input schema: an object whose fields stand where they are, for clients follow no references."""

from __future__ import annotations

from functools import cache
from typing import Any

from im.web.api.forms import Form


@cache
def input_schema(form: type[Form], without: frozenset[str] = frozenset()) -> dict[str, Any]:
    """JSON Schema. A field is left out to say nothing, so that null is not offered beside its type."""
    made = form.model_json_schema()
    defined = made.pop("$defs", {})
    fields = {name: _plain(one, defined) for name, one in made["properties"].items() if name not in without}
    required = [name for name in made.get("required", ()) if name in fields]
    return {
        "type": "object",
        "properties": fields,
        **({"required": required} if required else {}),
        "additionalProperties": False,
    }


def _plain(schema: dict[str, Any], defined: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in schema.items() if name not in ("title", "anyOf", "$ref", "default")}
    if schema.get("default") not in (None, [], {}):
        told["default"] = schema["default"]
    if "$ref" in schema:
        told = {**_plain(defined[schema["$ref"].rpartition("/")[2]], defined), **told}
    kinds = [_plain(one, defined) for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) == 1:
        return {**kinds[0], **told}
    return {**told, "anyOf": kinds} if kinds else told
