"""One fleet for all that is asked of it: building and starting it takes longer than the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.deploy.compose import Fleet

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILzc4P530yQPLQ3mWVnDb3h0kw9dkXC9cXk8xMtRqyLi fleet-test\n"


@pytest.fixture(scope="session")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "key.pub").write_text(KEY)
    fleet = Fleet(folder)
    try:
        fleet.compose("up", "--detach", "--build")
        yield fleet
    finally:
        fleet.remove()
