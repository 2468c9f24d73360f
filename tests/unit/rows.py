"""Instances for tests: one by hand, or any that can be."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from im.domain.instance import Instance
from im.domain.scope import Scope
from im.domain.spec.spec import Spec
from im.domain.state import Desired, Observed, OnExpiry, Why

NOW = datetime(2030, 1, 1, 12, 0, 0, tzinfo=UTC)
SCOPE = Scope("fake", "default", "fake-1")
SPEC = Spec("small", "fake-1a", "image", "ssh-ed25519 AAAA", "fake", "ada")

_PLAIN = Instance(
    id="im-0000000001",
    name="web",
    owner="ada",
    scope=SCOPE,
    spec=SPEC,
    created_at=NOW - timedelta(hours=1),
    desired=Desired.RUNNING,
    why=Why.USER,
    by="ada",
    expires_at=NOW + timedelta(hours=1),
    on_expiry=OnExpiry.STOP,
    generation=1,
    settled_generation=0,
    failed_generation=0,
    observed=Observed.NONE,
    observed_at=NOW - timedelta(minutes=1),
)


RUNNING = Instance(
    id="im-0000000001",
    name="web-1",
    owner="ada",
    scope=Scope("aws", "default", "us-east-1"),
    spec=Spec("t2.nano", "us-east-1a", "al2023", "ssh-ed25519 AAAA", "ec2-user", "ada"),
    created_at=NOW - timedelta(hours=1),
    desired=Desired.RUNNING,
    why=Why.USER,
    by="ada",
    expires_at=NOW + timedelta(hours=2, minutes=14, seconds=5),
    on_expiry=OnExpiry.STOP,
    generation=1,
    settled_generation=1,
    failed_generation=0,
    observed=Observed.RUNNING,
    observed_at=NOW,
    provider_id="i-0123",
    zone="us-east-1a",
    public_ip="54.1.2.3",
    private_ip="10.0.0.7",
    launched_at=NOW - timedelta(hours=1),
    launch_token="t",
)
"""As EC2 shows one that has run for an hour."""


def a_row(**changes: Any) -> Instance:
    return replace(_PLAIN, **changes)


@st.composite
def rows(draw: st.DrawFn) -> Instance:
    """Any instance the database could hold."""
    observed = draw(st.sampled_from(Observed))
    generation = draw(st.integers(1, 5))
    around = st.timedeltas(timedelta(days=-2), timedelta(days=2)).map(lambda d: NOW + d)
    return a_row(
        desired=draw(st.sampled_from(Desired)),
        why=draw(st.sampled_from(Why)),
        observed=observed,
        generation=generation,
        settled_generation=draw(st.integers(0, generation)),
        failed_generation=draw(st.integers(0, generation)),
        provider_id=None if observed is Observed.NONE else "i-1",
        launch_token=draw(st.none() | st.just("token")),
        expires_at=draw(around),
        observed_at=draw(around),
        drift_since=draw(st.none() | around),
        error_code=draw(st.none() | st.sampled_from(["throttled", "no_capacity", "forbidden"])),
        uncertain_steps=draw(st.dictionaries(st.sampled_from(["start", "stop", "terminate"]), around)),
        interrupted_at=draw(st.none() | around),
        closed_at=draw(st.none() | around),
    )
