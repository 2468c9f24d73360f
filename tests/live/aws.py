"""The real AWS, through the real services: a life with a deadline, tokens, refusals, and nothing left behind.

Costs money, so a plain `pytest` does not collect it: `make test-live`. Against the stand-in, AWS_ENDPOINT_URL says where it is.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from im.context import Context, open_context
from im.db import deployment
from im.domain.instance import Instance
from im.domain.intent import Deadline
from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers.aws.profile import PROFILE
from im.providers.contract import Slot
from im.providers.errors import InvalidSpec, ProviderError
from im.providers.request import Ask
from im.services import leftovers, queries
from im.services.refresh import sweep
from im.services.requests import change as requests_change
from im.services.requests import create as requests_create
from im.services.requests import order as requests_order
from im.settings import Settings
from tests.live.bounds import LONGEST, Bounds, Unfit, bounds
from tests.live.cleaner import MARK, Cleaner, cleaning
from tests.machines import machines
from tests.people import person
from tests.providers.clouds import public_key

pytestmark = pytest.mark.live

ENDS_ITSELF = f"#!/bin/sh\nshutdown -h +{int(LONGEST.total_seconds() // 60)}\n".encode()
SPAN = timedelta(hours=1)
"""A deadline that is not the test's subject."""


@pytest.fixture(scope="session")
def given() -> Bounds:
    try:
        return bounds(os.environ)
    except Unfit as exc:
        pytest.exit(f"test-live: {exc}", returncode=2)


@pytest.fixture(scope="session")
def ctx(given: Bounds, migrated_url: str, pytestconfig: pytest.Config) -> Iterator[Context]:
    """A deployment of its own. Whatever happens in here, its machines are ended."""
    settings = Settings(database_url=migrated_url, provider="aws", region=given.region, owner="im-live")
    made = open_context(settings)
    with made.begin() as connection:
        ours = deployment.read_id(connection)
    capture = pytestconfig.pluginmanager.get_plugin("capturemanager")

    def say(told: str) -> None:
        assert capture is not None
        with capture.global_and_fixture_disabled():
            print(f"\n{told}", flush=True)

    with cleaning(Cleaner(given.region, ours), say):
        yield made
    made.dispose()


def ask(given: Bounds, **asked: object) -> Ask:
    """The smallest machine there is, which nobody can reach, and which ends by itself."""
    usual = Ask("t4g.nano", None, "al2023", None, public_key(), "im-live", {MARK: "1"}, ssh_from=())
    return replace(usual, user_data=ENDS_ITSELF, **asked)  # type: ignore[arg-type]


def create(ctx: Context, asked: Ask, name: str) -> list[Instance]:
    order = requests_order.Order("aws", "default", asked, name, 1, Deadline(by=SPAN), person("im-live"))
    return [change.after for change in requests_create.create(ctx, order).changes]


def until(ctx: Context, holds: Callable[[], bool], seconds: float = 240) -> None:
    """Be the whole fleet, turn by turn, until it holds."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, [(row.name, row.observed, row.error) for row in queries.listing(ctx).rows]
        sweep.sweep(ctx)
        time.sleep(1)  # the cloud's own time


def row_of(ctx: Context, name: str) -> Instance:
    return queries.resolve(ctx, [name]).rows[0]


def is_now(ctx: Context, name: str, state: Observed) -> Callable[[], bool]:
    return lambda: row_of(ctx, name).observed is state


def test_a_machine_lives_until_its_deadline_is_woken_and_ended(ctx: Context, given: Bounds) -> None:
    (web,) = create(ctx, ask(given), "web")
    until(ctx, is_now(ctx, "web", Observed.RUNNING))
    seen = row_of(ctx, "web")
    assert seen.provider_id is not None
    assert seen.spec.ssh_user == "ec2-user"

    # only now, so that it is seen running however slow this machine is
    requests_change.extend(ctx, [web.id], Deadline(to=datetime.now(UTC) + given.ttl), actor=person("im-live"))
    until(ctx, is_now(ctx, "web", Observed.STOPPED), given.ttl.total_seconds() + 240)
    kinds = [event.kind for event in queries.history(ctx, web.id)]
    assert kinds.count("expired") == 1
    assert kinds.count("stop sent") >= 1

    requests_change.extend(ctx, [web.id], Deadline(by=SPAN), actor=person("im-live"))
    until(ctx, is_now(ctx, "web", Observed.RUNNING))
    assert row_of(ctx, "web").provider_id == seen.provider_id

    requests_change.terminate(ctx, [web.id], actor=person("im-live"))
    until(ctx, lambda: row_of(ctx, "web").closed_at is not None)


def test_a_launch_repeated_with_its_token_makes_no_second_machine(ctx: Context, given: Bounds) -> None:
    scope, spec = PROFILE.plan(ask(given, instance_type="t3.nano"), account="default", default_region=given.region)
    provider, token = ctx.provider_for(scope), str(uuid.uuid4())
    slots = [Slot("im-live-1", "twin-1"), Slot("im-live-2", "twin-2")]
    first = provider.launch(scope, spec, token=token, slots=slots)
    again = provider.launch(scope, spec, token=token, slots=slots)
    assert sorted(one.provider_id for one in again) == sorted(one.provider_id for one in first)
    ids = [one.provider_id for one in first]
    # asked for by hand, so ended by hand
    until(ctx, lambda: set(provider.describe(scope, machines(ids))) == set(ids))
    assert set(provider.terminate(scope, machines(ids)).done) == set(ids)


def test_what_cannot_be_is_refused_with_the_reason(ctx: Context, given: Bounds) -> None:
    for asked, says in (
        (ask(given, image="ami-00000000000000000"), "ami-00000000000000000"),
        (ask(given, subnet="subnet-00000000000000000"), "subnet-00000000000000000"),
    ):
        scope, spec = PROFILE.plan(asked, account="default", default_region=given.region)
        with pytest.raises(InvalidSpec, match=says):
            ctx.provider_for(scope).launch(scope, spec, token=str(uuid.uuid4()), slots=[Slot("im-live-3", "never")])


def test_the_doctor_finds_the_account_well(ctx: Context, given: Bounds) -> None:
    scope = Scope("aws", "default", given.region)
    found = ctx.provider_for(scope).checks(scope)
    assert [(one.name, one.detail) for one in found if not one.ok] == []


def test_what_nothing_uses_is_found_and_taken_away(ctx: Context, given: Bounds) -> None:
    """After the machines: their key pair and their security group."""
    scope = Scope("aws", "default", given.region)
    provider = ctx.provider_for(scope)

    def collected() -> bool:
        leftovers.ask(ctx)
        leftovers.collect(ctx)
        leftovers.approve_deletion(ctx, leftovers.survey(ctx).found, actor=person("im-live"))
        leftovers.collect(ctx)
        try:
            return not provider.leftovers.found(scope)
        except ProviderError:
            return False

    until(ctx, lambda: all(row.closed_at for row in queries.listing(ctx, everything=True).rows))
    until(ctx, collected)
