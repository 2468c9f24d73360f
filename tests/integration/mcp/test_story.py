"""An agent rents a machine, keeps it a little longer and ends it, by every way that leads to the tools."""

from __future__ import annotations

from datetime import timedelta

import pytest

from im.domain.event import Channel, EventKind
from tests.integration.mcp.conftest import ROADS, Agent, Roads


@pytest.mark.parametrize("road", ROADS)
def test_a_machine_is_rented_extended_and_ended(roads: Roads, road: str) -> None:
    world = roads.world

    async def story(agent: Agent) -> None:
        plan = await agent.create(dry_run=True)
        assert plan.told["usd_per_hour"]
        assert "would end at" in plan.text
        assert (await agent.done("list"))["items"] == []

        made = await agent.create()
        assert not made.failed, made.told
        assert f"job: ends at {made.told['items'][0]['expires_at']}" in made.text
        assert not (await agent.done("wait", name="job", timeout=0))["settled"]
        world.advance(20)
        assert (await agent.done("wait", name="job"))["settled"]
        seen = await agent.done("status", name="job")
        assert (seen["status"], seen["owner"]) == ("running", "ada")
        assert seen["public_ip"]

        before = world.row("job").expires_at
        rehearsed = await agent.done("extend", names=["job"], duration="30m", dry_run=True)
        assert rehearsed["items"][0]["dry_run"]
        assert world.row("job").expires_at == before
        moved = await agent.ask("extend", names=["job"], duration="30m")
        assert moved.told["items"][0]["usd_added"] == rehearsed["items"][0]["usd_added"] == rehearsed["usd_added"]
        assert f"{rehearsed['usd_added']} USD added by this" in moved.text
        assert world.row("job").expires_at == before + timedelta(minutes=30)
        assert [one["name"] for one in (await agent.done("agenda"))["items"]] == ["job"]
        assert "running" in str(await agent.done("why", name="job"))

        await agent.done("stop", names=["job"])
        world.advance(30)
        assert world.word("job") == "stopped"
        await agent.done("start", names=["job"])
        world.advance(30)
        assert world.word("job") == "running"
        await agent.done("terminate", names=["job"])
        world.advance(30)
        assert world.machines() == []
        assert [one["group"] for one in (await agent.done("cost", by="owner"))["lines"]] == ["ada"]
        story = (await agent.done("history", name="job"))["items"]
        asked = [one for one in story if one["actor"] == "ada"]
        assert [one["kind"] for one in asked] == [
            *(EventKind.CREATE_REQUESTED, EventKind.EXTENDED, EventKind.STOP_REQUESTED),
            *(EventKind.START_REQUESTED, EventKind.TERMINATE_REQUESTED),
        ]
        assert {one["channel"] for one in asked} == {Channel.MCP.value}

    roads.tell(story, road)
