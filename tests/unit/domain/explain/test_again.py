"""The line that makes a machine again: what its row says, as it would be typed."""

from __future__ import annotations

from dataclasses import replace

from im.domain.explain.again import create_line
from im.domain.scope import Scope
from im.domain.spec.disk import Disk
from im.domain.spec.firewall import Rule
from im.domain.spec.spec import SAID
from tests.unit.rows import a_row


def test_everything_that_was_asked_for_is_in_it_and_nothing_needs_more_quotes() -> None:
    row = a_row()
    spec = replace(
        row.spec,
        instance_type="gpu_1x_a10",
        zone="us-east-1",
        image="lambda-stack",
        tags={"team": "a b", "x": "'"},
        disks=(Disk(50), Disk(100, keep=True)),
        provider_options={SAID: {"file-system": "data"}},
        firewall=(Rule("tcp", 22, 22, "10.0.0.0/8"), Rule("tcp", 443, 443, "0.0.0.0/0")),
    )
    line = create_line(replace(row, spec=spec, zone="us-east-1", scope=Scope("lambda", "lab", "all")))
    assert line == (
        "im create --name web --provider lambda --account lab --instance-type gpu_1x_a10 --availability-zone us-east-1 "
        "--image lambda-stack --disk 50 --volume 100,keep --file-system data --tag 'team=a b' --tag 'x='\"'\"'' "
        "--ssh-from 10.0.0.0/8 --open 443/tcp@0.0.0.0/0 --public-key FILE -d 1h"
    )


def test_whoever_let_nobody_in_still_does() -> None:
    row = a_row()
    only_web = replace(row.spec, firewall=(Rule("tcp", 443, 443, "0.0.0.0/0"),))
    assert "--ssh-from none --open 443/tcp@0.0.0.0/0" in create_line(replace(row, spec=only_web))
