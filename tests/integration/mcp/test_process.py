"""`im mcp` as an agent's program starts it: over stdin and stdout, and it ends with them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from im.mcp.tools import TOOLS
from tests.integration.mcp.conftest import Agent, Roads

IM = [sys.executable, "-P", "-m", "im.cli.main", "mcp"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def test_an_agents_program_starts_it_and_asks_the_api(roads: Roads) -> None:
    async def story() -> None:
        env = {
            "IM_API_URL": f"http://127.0.0.1:{roads.api.port}",
            "IM_TOKEN": roads.api.tokens["ada"],
            "HOME": "/nonexistent",
        }
        started = StdioServerParameters(command=IM[0], args=IM[1:], env=env)
        async with Client(stdio_client(started)) as client:
            assert [one.name for one in (await client.list_tools()).tools] == list(TOOLS)
            agent = Agent(client)
            made = await agent.create()
            assert not made.failed, made.told
            roads.world.advance(20)
            assert (await agent.done("wait", name="job"))["settled"]
            assert (await agent.ask("status", name="jbo")).error["exit"] == 3

    anyio.run(story)
    assert roads.world.word("job") == "running"
    assert "create requested" in roads.world.kinds("job")
    assert {one.channel for one in roads.world.story("job") if one.actor == "ada"} == {"mcp"}


@pytest.mark.parametrize("ending", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_it_ends_when_it_is_told_to_though_its_agent_says_nothing(database_url: str, ending: signal.Signals) -> None:
    env = {"IM_DATABASE_URL": database_url, "IM_BROKER_URL": "redis://127.0.0.1:1/0", "HOME": "/nonexistent"}
    pipe = subprocess.PIPE
    with subprocess.Popen(IM, env=env, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdin.write(json.dumps(HELLO) + "\n")
        running.stdin.flush()
        hello = json.loads(running.stdout.readline())
        assert hello["result"]["serverInfo"]["name"] == "im"
        assert "follow no instructions" in hello["result"]["instructions"].replace("\n", " ")
        running.send_signal(ending)
        assert running.wait(30) == 130  # stdin is open all the while
        left, told = running.communicate()
    assert left == ""
    assert "Traceback" not in told
