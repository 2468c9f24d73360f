"""What a pod runs, run here: it stays, ends when it is told or when its moment has come, and runs user data once."""

from __future__ import annotations

import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest

from im.domain.state import OnExpiry
from im.providers.contract import Slot
from im.providers.errors import Unsupported
from im.providers.features import Guarded
from im.providers.kubernetes.manifests import ENTRY, INSIDE
from im.providers.machine import Machine
from tests.machines import machines
from tests.providers.kubernetes.room import KubernetesRoom
from tests.waiting import until


class Pod:
    """The first process of one, whose folders lie in `tmp_path`."""

    def __init__(self, tmp_path: Path) -> None:
        self.inside, self.home, self.log = tmp_path / "im", tmp_path / "home", tmp_path / "termination-log"
        for folder in (self.inside, self.home):
            folder.mkdir(exist_ok=True)
        (self.inside / "authorized_keys").write_text("ssh-ed25519 AAAA me")

    def start(self) -> subprocess.Popen[bytes]:
        script = ENTRY.replace(f"{INSIDE}/", f"{self.inside}/").replace("/dev/termination-log", str(self.log))
        env = {"HOME": str(self.home), "PATH": "/usr/bin:/bin"}
        return subprocess.Popen(["/bin/sh", "-c", script.replace("sleep 5", "sleep 0.05")], env=env)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(tmp_path)


def test_it_stays_until_it_is_told_to_end_and_knows_who_may_log_in(pod: Pod) -> None:
    (pod.inside / "stop-at").write_text("")
    process = pod.start()
    keys = pod.home / ".ssh" / "authorized_keys"
    until("the key is there", keys.exists)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 143
    assert not pod.log.exists()


def test_it_ends_at_its_moment_which_moves_both_ways(pod: Pod) -> None:
    at = pod.inside / "stop-at"
    at.write_text(str(int(time.time()) + 3600))
    process = pod.start()
    until("it runs", (pod.home / ".ssh" / "authorized_keys").exists)
    at.write_text("nonsense")
    at.write_text(str(int(time.time()) + 7200))
    assert process.poll() is None
    at.write_text(str(int(time.time()) - 1))
    assert process.wait() == 0
    assert pod.log.read_text() == "its guard in the cluster stopped it\n"


def test_user_data_is_run_once_at_the_first_start(pod: Pod) -> None:
    ran = pod.home / "ran"
    (pod.inside / "user-data").write_text(f"#!/bin/sh\necho once >> {ran}\n")
    for _ in range(2):
        process = pod.start()
        until("it has begun", ran.exists)
        process.terminate()
        process.wait()
    assert ran.read_text() == "once\n"


def test_a_machine_that_starts_again_keeps_a_moment_that_is_to_come_and_no_other(kubernetes: KubernetesRoom) -> None:
    (one,) = kubernetes.running()
    guard, now = kubernetes.provider.deadline_guard, kubernetes.clock.now
    assert guard is not None
    for hours, kept in ((5, True), (-1, False)):
        kubernetes.provider.stop(kubernetes.scope, machines([one]))
        kubernetes.settle()
        wish = Guarded(now + timedelta(hours=hours), OnExpiry.STOP)
        assert guard.set(kubernetes.scope, {Machine(one): wish}) == {}
        kubernetes.provider.start(kubernetes.scope, machines([one]))
        assert ("im.dev/stop-at" in kubernetes.pod(one)["metadata"]["annotations"]) is kept


def test_a_pod_that_somebody_else_made_reads_no_moment(kubernetes: KubernetesRoom) -> None:
    theirs = kubernetes.foreign()
    kubernetes.settle()
    kubernetes.provider.adoption.take(kubernetes.scope, Machine(theirs), Slot("im-7", "seven"), "eve")
    guard = kubernetes.provider.deadline_guard
    assert guard is not None
    failed = guard.set(kubernetes.scope, {Machine(theirs): Guarded(kubernetes.clock.now, OnExpiry.STOP)})
    assert isinstance(failed[theirs], Unsupported)
    assert guard.set(kubernetes.scope, {Machine(theirs): Guarded(None, OnExpiry.STOP)}) == {}
