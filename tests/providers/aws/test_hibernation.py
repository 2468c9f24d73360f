"""Hibernation: the memory of exactly those machines is kept that asked for it, and a deadline never waits for one that cannot."""

from __future__ import annotations

import pytest

from im.domain.spec.disk import Disk
from im.domain.state import Observed
from im.providers.errors import InvalidSpec, NotFound, Throttled
from tests.machines import machines
from tests.providers.clouds import ABSENT, FakeRoom
from tests.providers.standin_room import StandInRoom


@pytest.fixture(params=["fake", "standin"])
def sleeper(request: pytest.FixtureRequest) -> FakeRoom | StandInRoom:
    found: FakeRoom | StandInRoom = request.getfixturevalue(request.param)
    found.wish(hibernate=True, instance_type="t3.micro")
    return found


def test_memory_is_kept_where_it_was_asked_for_and_nowhere_else(sleeper: FakeRoom | StandInRoom) -> None:
    plain, asleep = sleeper.running(2)
    sleeper.provider.stop(sleeper.scope, machines([plain, asleep]), hibernate=[asleep])
    sleeper.settle()
    assert [sleeper.kept_memory(one) for one in (plain, asleep)] == [False, True]


def test_a_machine_that_cannot_hibernate_now_is_stopped_all_the_same(standin: StandInRoom) -> None:
    standin.wish(instance_type="t3.micro")
    unable = standin.running(2)
    standin.wish(hibernate=True, instance_type="t3.micro")
    able = standin.running(2)
    result = standin.provider.stop(standin.scope, machines([*unable, *able]), hibernate=[*unable, *able])
    assert (set(result.done), dict(result.failed)) == ({*unable, *able}, {})
    standin.settle()
    assert set(standin.states([*unable, *able]).values()) == {Observed.STOPPED}
    assert [standin.kept_memory(one) for one in (*unable, *able)] == [False, False, True, True]


def test_the_agent_is_not_ready_yet(standin: StandInRoom) -> None:
    standin.wish(hibernate=True, instance_type="t3.micro")
    (one,) = standin.running()
    standin.control.refuse("StopInstances", "UnsupportedOperation")
    assert set(standin.provider.stop(standin.scope, machines([one]), hibernate=[one]).done) == {one}
    standin.settle()
    assert not standin.kept_memory(one)


def test_what_is_refused_for_other_reasons_stays_refused(standin: StandInRoom) -> None:
    standin.wish(hibernate=True, instance_type="t3.micro")
    (one,) = standin.running()
    standin.control.refuse("StopInstances", "RequestLimitExceeded")
    failed = standin.provider.stop(standin.scope, machines([one]), hibernate=[one]).failed
    assert isinstance(failed[one], Throttled)
    both = standin.provider.stop(standin.scope, machines([one, ABSENT]), hibernate=[one, ABSENT])
    assert (set(both.done), set(both.failed)) == ({one}, {ABSENT})
    assert isinstance(both.failed[ABSENT], NotFound)


def test_the_root_disk_has_room_for_the_memory(standin: StandInRoom) -> None:
    standin.wish(hibernate=True, instance_type="m5.xlarge")
    (one,) = standin.launch()
    assert standin.disks(one.provider_id) == [(8 + 16, False)]
    # an image that only EC2 knows the size of is no matter for the prompt
    standin.wish(hibernate=True, instance_type="m5.xlarge", image="al2023-ami-2023*:amazon", root_disk=Disk(20))
    with pytest.raises(
        InvalidSpec, match=r"to hibernate, the image al2023-ami-2023\*:amazon needs a root disk of 24 GB"
    ):
        standin.launch()


def test_a_type_that_ec2_says_cannot(standin: StandInRoom) -> None:
    standin.wish(hibernate=True, instance_type="m7g.large")
    with pytest.raises(InvalidSpec, match=r"m7g.large cannot hibernate in us-east-1; leave --hibernate out"):
        standin.launch()
    assert standin.control.calls("RunInstances") == []
