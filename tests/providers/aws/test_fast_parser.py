"""Our own reading of the long answers against botocore's: the same facts, or none, and then botocore's."""

from __future__ import annotations

import re
from typing import Any
from xml.dom import minidom
from xml.etree import ElementTree

import botocore.session
import pytest
from botocore.parsers import EC2QueryParser

from im.domain.state import Observed
from im.providers.aws.api import fast_parser, sightings
from im.providers.aws.api.fast_parser import Unclear, read_changes, read_launched, read_sightings, read_states
from tests.machines import machines
from tests.providers.aws.canned import XMLNS, described, machine
from tests.providers.standin_room import StandInRoom

A = "i-0aaaaaaaaaaaaaaaa"
SERVICE = botocore.session.get_session().get_service_model("ec2")


def by_botocore(operation: str, body: bytes) -> dict[str, Any]:
    shape = SERVICE.operation_model(operation).output_shape
    read: dict[str, Any] = EC2QueryParser().parse({"body": body, "headers": {}, "status_code": 200}, shape)
    return read


def answers(standin: StandInRoom) -> dict[str, bytes]:
    """Both answers as they come over the wire, of machines in several states."""
    bodies: dict[str, bytes] = {}

    def keep(operation_model: Any, response_dict: dict[str, Any], **_: object) -> None:
        bodies[operation_model.name] = response_dict["body"]

    ids = standin.control.create(7, tags={"Name": "a & b <{n}>", "im:deployment": "d"}, per_launch=3)
    (windows,) = standin.raw.describe_images(Filters=[{"Name": "name", "Values": ["Windows_Server-2022*20251007"]}])[
        "Images"
    ]
    standin.raw.run_instances(ImageId=windows["ImageId"], InstanceType="t3.large", MinCount=1, MaxCount=1)
    standin.control.outside("stop", *ids[:2])
    standin.control.outside("terminate", ids[2])
    standin.settle()
    standin.raw.meta.events.register("before-parse.ec2", keep)
    standin.raw.describe_instances(MaxResults=5)
    standin.raw.describe_instance_status(MaxResults=5, IncludeAllInstances=True)
    standin.raw.stop_instances(InstanceIds=ids[3:6])
    tags: Any = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "c <d>"}]}]
    wanted = {"ImageId": windows["ImageId"], "InstanceType": "t3.micro", "TagSpecifications": tags}
    standin.raw.run_instances(**wanted, MinCount=3, MaxCount=3)
    return bodies


def test_it_reads_what_botocore_reads_however_it_is_indented(standin: StandInRoom) -> None:
    for operation, body in answers(standin).items():
        for form in (body, minidom.parseString(body).toprettyxml().encode()):  # noqa: S318
            plain = by_botocore(operation, form)
            if operation == "DescribeInstances":
                machines = tuple(sightings.sighting(i) for group in plain["Reservations"] for i in group["Instances"])
                assert len(machines) == 5
                assert read_sightings(form) == (machines, plain["NextToken"])
            elif operation == "RunInstances":
                machines = tuple(map(sightings.sighting, plain["Instances"]))
                assert [one.launch_index for one in machines] == [0, 1, 2]
                assert read_launched(form) == (machines, "")
            elif operation == "StopInstances":
                changed = {
                    i["InstanceId"]: tuple(
                        sightings.STATES[i[state]["Name"]] for state in ("CurrentState", "PreviousState")
                    )
                    for i in plain["StoppingInstances"]
                }
                assert len(changed) == 3
                assert read_changes(form) == (changed, "")
            else:
                states = {
                    i["InstanceId"]: sightings.STATES[i["InstanceState"]["Name"]] for i in plain["InstanceStatuses"]
                }
                assert len(states) == 5
                assert read_states(form) == (states, plain["NextToken"])


def test_a_clients_answers_are_read_here_and_not_by_botocore(
    standin: StandInRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    standin.running(2)
    monkeypatch.setattr(sightings, "_sightings", None)
    monkeypatch.setattr(sightings, "_states", None)
    (page,) = standin.provider.list(standin.scope)
    assert len(page.sightings) == 2
    (shown,) = standin.provider.states.list(standin.scope)
    assert len(shown.seen) == 2


def test_what_changed_is_read_here_whatever_the_change(standin: StandInRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = standin.running(2)
    monkeypatch.setattr(sightings, "STATES", {})  # with which botocore's reading would be understood
    seen = [standin.provider.stop(standin.scope, machines(ids)).done]
    standin.settle()
    seen.append(standin.provider.start(standin.scope, machines(ids)).done)
    seen.append(standin.provider.terminate(standin.scope, machines(ids)).done)
    states = [{one.state for one in done.values()} for done in seen]
    assert states == [{Observed.STOPPING}, {Observed.PENDING}, {Observed.TERMINATING}]


@pytest.mark.parametrize("read", [read_states, read_sightings, read_launched, read_changes])
def test_what_breaks_off_is_not_read(read: Any, standin: StandInRoom) -> None:
    bodies = answers(standin)
    looks = {read_states: "DescribeInstanceStatus", read_sightings: "DescribeInstances"}
    body = bodies[{**looks, read_launched: "RunInstances", read_changes: "StopInstances"}[read]]
    for keep in (0, 40, len(body) // 2, len(body) - 3):
        with pytest.raises((Unclear, ElementTree.ParseError)):
            read(body[:keep])


def test_a_status_page_that_is_otherwise_than_expected_is_left_to_botocore(standin: StandInRoom) -> None:
    body = answers(standin)["DescribeInstanceStatus"]
    swapped = re.sub(rb"(<code>\d+</code>)(<name>[a-z-]+</name>)", rb"\2\1", body, count=1)
    assert swapped != body
    assert by_botocore("DescribeInstanceStatus", swapped) == by_botocore("DescribeInstanceStatus", body)
    with pytest.raises(Unclear):
        read_states(swapped)
    with pytest.raises(KeyError):
        read_states(body.replace(b"<name>running</name>", b"<name>dreaming</name>"))


def test_a_change_that_is_otherwise_than_expected_is_left_to_botocore(standin: StandInRoom) -> None:
    body = answers(standin)["StopInstances"]
    one, state = rb"<instanceId>[^<]+</instanceId>", rb"<currentState>.*?</currentState>"
    # an item is read by the names of its parts, whatever their order
    swapped = re.sub(rb"(" + one + rb")(.*?)(" + state + rb")", rb"\3\2\1", body, flags=re.DOTALL)
    silent = re.sub(state, b"", body, count=1, flags=re.DOTALL)
    assert body not in (swapped, silent)
    assert read_changes(swapped) == read_changes(body)
    for other in (silent, body.replace(b"<code>", b"<kode>").replace(b"</code>", b"</kode>")):
        with pytest.raises(Unclear):
            read_changes(other)
    with pytest.raises(KeyError):
        read_changes(body.replace(b"<name>stopping</name>", b"<name>dreaming</name>"))


def test_an_answer_of_another_kind_is_not_read() -> None:
    with pytest.raises(Unclear):
        read_sightings(f'<RunInstancesResponse xmlns="{XMLNS}"/>'.encode())
    with pytest.raises(Unclear):
        read_sightings(described(machine(A)).body.replace(XMLNS, "urn:other").encode())
    with pytest.raises(Unclear):
        read_launched(described(machine(A)).body.encode())
    with pytest.raises(Unclear):
        read_launched(f'<RunInstancesResponse xmlns="{XMLNS}"/>'.encode())
    assert fast_parser.sightings_in({"Reservations": []}) is None
