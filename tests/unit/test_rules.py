"""No route is without a rule: whoever adds one says by which right it is asked for, and the matrix asks."""

from __future__ import annotations

from fastapi.routing import APIRoute

from im.web.app import ROUTERS
from tests.page_rules import PAGE_RULES
from tests.rules import LOOKS, OPEN, OPEN_PAGES, RULES

EVERY = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
ROUTES = [route for route in EVERY if route.include_in_schema]
FORMS = {
    f"{method} {route.path}"
    for route in EVERY
    for method in route.methods
    if not route.include_in_schema and method not in ("GET", "HEAD") and route.path not in OPEN_PAGES
}


def test_every_operation_has_one_rule_and_every_rule_an_operation() -> None:
    named = {str(route.operation_id) for route in ROUTES}
    assert named - OPEN == set(RULES) | set(LOOKS), "add it to tests/rules.py"
    assert not set(RULES) & set(LOOKS)


def test_what_changes_something_is_never_got_and_what_only_looks_is() -> None:
    for route in ROUTES:
        assert (route.methods == {"GET"}) is (route.operation_id not in RULES), route.operation_id


def test_every_form_of_the_page_has_a_rule() -> None:
    assert set(PAGE_RULES) == FORMS, "add it to tests/page_rules.py"
