"""What OpenAPI says of the answers is what the views make; every route has a name of its own and asks who is there."""

from __future__ import annotations

import re
from typing import Any

import pytest
from fastapi.routing import APIRoute

from im.web.api import documents, documents_of_changes
from im.web.app import ROUTERS
from tests.integration.web.conftest import KEY, Api
from tests.rules import OPEN, OPEN_PAGES


def test_answers_hold_to_their_documents(api: Api) -> None:
    made = api.create()
    documents_of_changes.ChangesDocument.model_validate_json(made.text)
    api.world.advance(10)
    for path, document in (
        ("instances", documents.InstancesDocument),
        ("instances/web", documents.InstanceDocument),
        ("instances/web/events", documents.EventsDocument),
        ("instances/web/why", documents.WhyDocument),
        ("instances/web/wait?timeout=0", documents.WaitDocument),
        ("me", documents.MeDocument),
    ):
        document.model_validate_json(api.ask("GET", f"/api/v1/{path}").text)
    form = {"public_key": KEY, "duration": "1h", "provider": "fake", "name": "other"}
    documents.PlanDocument.model_validate_json(api.ask("POST", "/api/v1/instances?dry_run=true", form).text)
    tried = api.ask("POST", "/api/v1/instances/web/extend?dry_run=true", {"duration": "1h"})
    documents_of_changes.RehearsalDocument.model_validate_json(tried.text)
    batch = {"verb": "stop", "ids": ["web"]}
    tried = api.ask("POST", "/api/v1/instances:batch?dry_run=true", batch)
    documents_of_changes.RehearsalsDocument.model_validate_json(tried.text)
    moved = api.ask("POST", "/api/v1/instances/web/extend", {"duration": "1h"})
    documents_of_changes.ChangeDocument.model_validate_json(moved.text)


EVERY = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
ROUTES = [route for route in EVERY if route.include_in_schema]
"""Those of the API; the others are the page's."""


def test_every_operation_is_named_by_hand_once() -> None:
    named = [route.operation_id for route in ROUTES]
    assert len(named) > 30
    assert None not in named
    assert len(named) == len(set(named))


def test_every_route_but_the_open_ones_asks_who_is_there(api: Api) -> None:
    words = {"of": "user", "token": "tok-0123456789", "session": "ses-0123456789", "verb": "stop"}
    for route in EVERY:
        if route.operation_id in OPEN or route.path in OPEN_PAGES or route.path.startswith("/static/"):
            continue
        path = re.sub("{([a-z]+)}", lambda found: words.get(found[1], "web"), route.path)
        for method in route.methods:
            assert api.ask(method, path, None if method == "GET" else {}, by=None).status == 401, (method, path)


def test_the_description_is_whole(api: Api) -> None:
    told: dict[str, Any] = api.ask("GET", "/api/v1/openapi.json", by=None).body
    assert told["openapi"].startswith("3.1")
    assert "Problem" in told["components"]["schemas"]
    for path, operations in told["paths"].items():
        for method, one in operations.items():
            for status, answer in one["responses"].items():
                if int(status) >= 400:
                    assert list(answer["content"]) == ["application/problem+json"], (method, path, status)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/version"])
def test_health_is_told_to_everybody_and_says_nothing_of_the_fleet(api: Api, path: str) -> None:
    said = api.ask("GET", path, by=None)
    assert said.status == 200
    assert set(said.body) <= {"ok", "version", "api"}
