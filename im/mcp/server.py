"""The tools behind the protocol's own library: their schemas, their answers, and their errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from pydantic import ValidationError

from im import __version__
from im.domain.errors import ImError, NotFound, Refused, near
from im.logs import log
from im.mcp.asking import Api
from im.mcp.closing import closing
from im.mcp.schema import input_schema
from im.mcp.tools import INSTRUCTIONS, TOOLS, Tool
from im.secret import conceal
from im.views.error import error_json
from im.views.exits import exit_of
from im.web.api.forms import plainly

LARGEST = 200_000
"""Characters of one answer."""


def make_server(api: Api) -> Server[Any]:
    """A server whose tools ask `api`."""

    async def list_tools(
        _: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_described(name, tool) for name, tool in TOOLS.items()])

    async def call_tool(_: ServerRequestContext[Any], params: types.CallToolRequestParams) -> types.CallToolResult:
        try:
            return _answer(await _called(params.name, params.arguments or {}, api))
        except ImError as exc:
            return _failure(exc)
        except Exception as exc:  # a library's words stay inside, for nobody knows what they repeat
            log.error("unforeseen", tool=params.name[:40], error=type(exc).__name__)
            return _failure(ImError("something went wrong in im that nobody foresaw", "look with list, then try again"))

    return Server(
        "im", version=__version__, instructions=INSTRUCTIONS, on_list_tools=list_tools, on_call_tool=call_tool
    )


def _described(name: str, tool: Tool) -> types.Tool:
    return types.Tool(
        name=name,
        description=tool.says,
        input_schema=input_schema(tool.form, tool.without),
        annotations=types.ToolAnnotations(
            read_only_hint=tool.reads,
            destructive_hint=tool.destroys,
            idempotent_hint=tool.reads or tool.repeats,
            open_world_hint=False,
        ),
    )


async def _called(name: str, arguments: Mapping[str, Any], api: Api) -> Any:
    tool = TOOLS.get(name)
    if tool is None:
        resembling = near(name, TOOLS)
        raise NotFound("there is no such tool", f"did you mean {resembling[0]}?" if resembling else ", ".join(TOOLS))
    fields = {one: None for one in tool.form.model_fields if one not in tool.without}
    for unknown in arguments.keys() - fields.keys():
        resembling = near(unknown, fields)
        raise Refused(
            f"{name} takes no `{ascii(unknown)[1:41]}`",
            f"did you mean {resembling[0]}?" if resembling else f"it takes {', '.join(fields)}",
        )
    try:
        form = tool.form.model_validate(dict(arguments))
    except ValidationError as exc:
        raise Refused("; ".join(_wrong(one) for one in exc.errors()[:3]), f"see the schema of {name}") from None
    return await tool.run(form, api)


def _wrong(error: Mapping[str, Any]) -> str:
    return f"{'.'.join(str(part) for part in error['loc']) or 'the arguments'}: {plainly(error)}"


def _answer(document: Any) -> types.CallToolResult:
    """The document as it is, and as text for who reads text alone: every character that is none of ASCII is spelt out."""
    whole = document if isinstance(document, dict) else {"answer": document}
    text, end = json.dumps(whole, separators=(",", ":")), closing(whole)
    if len(text) > LARGEST:
        told = f"the answer has {len(text)} characters, and {LARGEST} are the most"
        return _failure(Refused(told, "it was done; ask for less at a time: list with `limit`, status of one"))
    content: list[types.ContentBlock] = [types.TextContent(type="text", text=text)]
    if end:
        content.append(types.TextContent(type="text", text=end))
    return types.CallToolResult(content=content, structured_content=whole)


def _failure(error: ImError) -> types.CallToolResult:
    """As the command line has it with --json."""
    told = error_json(error.code, conceal(error.message), conceal(error.hint), int(exit_of(error)))
    text = types.TextContent(type="text", text=json.dumps(told, separators=(",", ":")))
    return types.CallToolResult(content=[text], structured_content=told, is_error=True)
