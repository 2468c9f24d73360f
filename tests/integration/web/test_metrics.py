"""`/metrics`: with a token that may read, for who sees everything; requests by their routes, never by what their paths hold."""

from __future__ import annotations

import http.client
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from im.domain.access import Grant, Role
from im.domain.config.web import Sees, WebSettings
from im.services.health.counters import fold
from im.web.metrics import serve_apart
from tests.integration.web.conftest import Api
from tests.integration.web.test_process import _free_port
from tests.integration.web.test_stream import Stream
from tests.waiting import until
from tests.world import World


def figures(text: str) -> dict[tuple[str, ...], float]:
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_it_needs_a_token_that_may_read(api: Api) -> None:
    api.user("eva", Role.VIEWER, grants=frozenset({Grant.READ}))
    assert api.ask("GET", "/metrics", by=None).status == 401
    assert api.ask("GET", "/metrics", by="im_pat_nobody").status == 401
    said = api.ask("GET", "/metrics", by="eva")
    assert said.status == 200
    assert said.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert ("im_orphans",) in figures(said.text)


def test_sums_over_everybody_are_not_for_who_sees_their_own(world: World) -> None:
    world.ctx = replace(world.ctx, settings=replace(world.ctx.settings, parts=(WebSettings(members_see=Sees.OWN),)))
    api = Api(world)
    api.user("ada", Role.ADMIN)
    api.user("bob")
    try:
        assert api.ask("GET", "/metrics", by="bob").status == 403
        assert api.ask("GET", "/metrics", by="ada").status == 200
    finally:
        api.close()


def test_requests_are_counted_by_the_route_that_answered(api: Api) -> None:
    api.create("secret-name")
    for name in ("secret-name", "nobody"):
        api.ask("GET", f"/api/v1/instances/{name}")
    api.ask("GET", "/no/such/path/secret-name")
    api.ask("BREW", "/healthz")

    def told() -> str:
        """A request is counted after its answer has left."""
        fold(api.world.ctx)
        return api.ask("GET", "/metrics").text

    until("the last request is counted", lambda: 'status="405"' in told() or 'code="405"' in told())
    said = api.ask("GET", "/metrics")
    assert "secret-name" not in said.text
    found = figures(said.text)
    route = "/api/v1/instances/{name}"
    assert found["im_requests_total", "200", "GET", route] == 1
    assert found["im_requests_total", "404", "GET", route] == 1
    assert found["im_requests_total", "404", "GET", "other"] == 1
    assert found["im_requests_total", "405", "other", "/healthz"] == 1
    assert found["im_request_duration_seconds_count", "GET", route] == 2


def test_open_streams_are_told_and_no_duration_is_made_of_them(api: Api) -> None:
    stream = Stream(api, "ada")
    assert stream.next(": listening")
    assert figures(api.ask("GET", "/metrics").text)["im_sse_streams",] == 1
    stream.close()
    until("it is over", lambda: not api.app.state.bell.listeners)
    fold(api.world.ctx)
    assert not [
        one
        for one in figures(api.ask("GET", "/metrics").text)
        if "duration" in one[0] and any("stream" in label for label in one)
    ]


def test_what_the_process_counted_is_written_when_it_ends(world: World) -> None:
    api = Api(world)
    api.ask("GET", "/healthz", by=None)
    api.close()
    with world.ctx.begin() as connection:
        from im.db.health import counters

        assert counters.listed(connection)["requests", ("/healthz", "GET", "200"), ""] == 1


def test_a_port_of_loopback_tells_them_without_a_token(api: Api) -> None:
    port = _free_port()
    end = serve_apart(api.app, port)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        assert ("im_sse_streams",) in figures(connection.getresponse().read().decode())
    finally:
        connection.close()
        end()
