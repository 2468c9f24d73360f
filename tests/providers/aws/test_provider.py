"""What EC2 has and other clouds need not: tags on disks, keys, images, pages. moto's server answers, over HTTP."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest

from im.domain.scope import Scope
from im.domain.state import Observed
from im.providers import registry
from im.providers.aws.api.clients import WATCH
from im.providers.aws.launch import key_pairs
from im.providers.aws.provider import AwsProvider
from im.providers.contract import merge_pages
from im.providers.errors import InvalidSpec, NotThereYet
from im.settings import Settings
from tests.machines import machines
from tests.providers.clouds import ABSENT, DEPLOYMENT, REGION, AwsRoom, public_key


def shown(aws: AwsRoom, machine_id: str) -> dict:  # type: ignore[type-arg]
    return aws.raw.describe_instances(InstanceIds=[machine_id])["Reservations"][0]["Instances"][0]


def volumes(aws: AwsRoom, machine_id: str) -> list[dict]:  # type: ignore[type-arg]
    attached = [{"Name": "attachment.instance-id", "Values": [machine_id]}]
    return aws.raw.describe_volumes(Filters=attached)["Volumes"]


def test_the_disk_is_encrypted_tagged_and_goes_with_the_machine(aws: AwsRoom) -> None:
    (one,) = aws.launch(token="tok")
    (disk,) = volumes(aws, one.provider_id)
    assert disk["Encrypted"] is True
    assert disk["Attachments"][0]["Device"] == shown(aws, one.provider_id)["RootDeviceName"]
    assert shown(aws, one.provider_id)["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is True
    tags = {tag["Key"]: tag["Value"] for tag in disk["Tags"]}
    assert tags["im:deployment"] == DEPLOYMENT
    assert tags["im:launch"] == "tok"
    assert tags["Name"] == "web-1"


def test_the_machine_is_what_was_asked_for(aws: AwsRoom) -> None:
    aws.spec = replace(aws.spec, instance_type="t3.micro", zone="us-east-1c")
    (one,) = aws.launch()
    seen = shown(aws, one.provider_id)
    assert seen["InstanceType"] == "t3.micro"
    assert seen["Placement"]["AvailabilityZone"] == "us-east-1c"
    assert seen["MetadataOptions"]["HttpTokens"] == "required"
    assert seen["KeyName"] == key_pairs.key_name(public_key(), DEPLOYMENT)


def test_the_default_image_is_amazon_linux_2023(aws: AwsRoom) -> None:
    (one,) = aws.launch()
    (image,) = aws.raw.describe_images(ImageIds=[shown(aws, one.provider_id)["ImageId"]])["Images"]
    assert image["Name"].startswith("al2023-ami-2023")
    assert image["Architecture"] == "x86_64"


def test_an_image_alias_and_an_ami_id_reach_the_machine(aws: AwsRoom) -> None:
    aws.spec = replace(aws.spec, image="al2023-arm64", instance_type="t4g.nano")
    (arm,) = aws.launch()
    ami = shown(aws, arm.provider_id)["ImageId"]
    assert aws.raw.describe_images(ImageIds=[ami])["Images"][0]["Architecture"] == "arm64"
    aws.spec = replace(aws.spec, image=ami)
    (same,) = aws.launch()
    assert shown(aws, same.provider_id)["ImageId"] == ami


def test_an_image_that_is_not_there_is_named_and_nothing_is_launched(aws: AwsRoom) -> None:
    for image in ("ami-0123456789abcdef0", "debian-12"):
        aws.spec = replace(aws.spec, image=image)
        with pytest.raises(InvalidSpec, match=f"us-east-1 has no image {image}.*--image"):
            aws.launch()
    assert merge_pages(aws.provider.list(aws.scope)).sightings == ()


def test_a_zone_that_is_not_there_is_answered_with_those_that_are(aws: AwsRoom) -> None:
    aws.spec = replace(aws.spec, zone="us-east-1x")
    with pytest.raises(InvalidSpec, match=r"no zone us-east-1x .* us-east-1 has us-east-1a, us-east-1b"):
        aws.launch()


# ---- keys ------------------------------------------------------------------------------------------------------------


def test_a_key_is_imported_once_whatever_its_comment(aws: AwsRoom) -> None:
    aws.launch()
    aws.spec = replace(aws.spec, public_key=public_key(comment="another@comment"))
    aws.launch()
    aws.of_deployment(DEPLOYMENT).launch(aws.scope, aws.spec, token="elsewhere", slots=aws.slots())
    (pair,) = aws.raw.describe_key_pairs()["KeyPairs"]
    assert pair["KeyName"].startswith(f"im-{DEPLOYMENT[:8]}-")
    assert {"Key": "im:deployment", "Value": DEPLOYMENT} in pair["Tags"]


def test_another_key_under_our_name_is_refused(aws: AwsRoom) -> None:
    name = key_pairs.key_name(public_key(), DEPLOYMENT)
    aws.raw.import_key_pair(KeyName=name, PublicKeyMaterial=public_key("somebody else's").encode())
    with pytest.raises(InvalidSpec, match=f"{name} holds another key"):
        aws.launch()
    assert merge_pages(aws.provider.list(aws.scope)).sightings == ()


def test_two_keys_have_two_names(aws: AwsRoom) -> None:
    aws.launch()
    aws.spec = replace(aws.spec, public_key=public_key("two"))
    aws.launch()
    assert len(aws.raw.describe_key_pairs()["KeyPairs"]) == 2


# ---- many ------------------------------------------------------------------------------------------------------------


def test_listings_and_descriptions_go_on_past_the_first_page(aws: AwsRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [one.provider_id for _ in range(7) for one in aws.launch()]
    monkeypatch.setattr("im.providers.aws.api.sightings.PAGE", 5)
    monkeypatch.setattr("im.providers.aws.api.sightings.FILTER_VALUES", 3)
    listing = merge_pages(aws.provider.list(aws.scope))
    assert listing.complete
    assert {one.provider_id for one in listing.sightings} == set(ids)
    assert set(aws.provider.describe(aws.scope, machines(ids))) == set(ids)


def test_more_machines_than_motos_own_page(aws: AwsRoom) -> None:
    (one,) = aws.launch()
    ami, tags = shown(aws, one.provider_id)["ImageId"], [{"Key": "im:deployment", "Value": DEPLOYMENT}]
    for _ in range(105):
        aws.raw.run_instances(
            ImageId=ami, MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}]
        )
    assert len(aws.raw.describe_instances()["Reservations"]) == 100
    assert len(merge_pages(aws.provider.list(aws.scope)).sightings) == 106


def test_a_bad_id_among_many(aws: AwsRoom) -> None:
    ids = [one.provider_id for one in aws.launch(20)]
    result = aws.provider.stop(aws.scope, machines([*ids[:9], ABSENT, "no-id-at-all", *ids[9:]]))
    assert set(result.failed) == {ABSENT, "no-id-at-all"}
    assert set(aws.states(ids).values()) == {Observed.STOPPED}


def test_a_protected_machine_is_named_and_the_others_go(aws: AwsRoom) -> None:
    ids = [one.provider_id for one in aws.launch(4)]
    aws.raw.modify_instance_attribute(InstanceId=ids[2], DisableApiTermination={"Value": True})
    result = aws.provider.terminate(aws.scope, machines(ids))
    assert set(result.failed) == {ids[2]}
    assert result.failed[ids[2]].code == "forbidden"
    assert set(result.done) == {ids[0], ids[1], ids[3]}


# ---- who we are ------------------------------------------------------------------------------------------------------


def test_identity_is_the_account_number(aws: AwsRoom) -> None:
    assert aws.provider.identity(aws.scope) == "123456789012"


def test_the_sandbox_promises_no_idempotent_launch(aws: AwsRoom) -> None:
    assert not aws.provider.capabilities.idempotent_launch
    assert AwsProvider(Settings(), DEPLOYMENT).capabilities.idempotent_launch


def test_in_a_sandbox_no_credential_of_the_environment_is_read(
    aws: AwsRoom, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "real-token")
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    provider = AwsProvider(Settings(sandbox_url=aws.url), DEPLOYMENT)
    sent: list[str] = []
    client = provider._clients.ec2(REGION, WATCH)
    client.meta.events.register("before-send.*", lambda request, **_: sent.append(str(request.headers)))
    assert merge_pages(provider.list(aws.scope)).complete
    assert len(sent) == 1
    assert "AKIAREAL" not in sent[0]
    assert "real-token" not in sent[0]


def test_checks_say_how_to_mend_what_cannot_be_reached() -> None:
    away = AwsProvider(Settings(sandbox_url="http://127.0.0.1:9"), DEPLOYMENT)
    checks = away.checks(Scope("aws", "default", REGION))
    assert [one.name for one in checks] == ["endpoint", "identity", "image", "launch"]
    assert not any(one.ok for one in checks)
    assert all("network" in one.fix for one in checks)


def test_the_registry_finds_the_cloud() -> None:
    assert isinstance(registry.connect("aws", Settings(), DEPLOYMENT), AwsProvider)
    assert "boto3" in sys.modules


def test_an_instance_profile_that_is_not_there_is_named(aws: AwsRoom) -> None:
    aws.wish(options={"iam-role": "no-such"})
    with pytest.raises(NotThereYet, match="EC2 knows no instance profile no-such in this account"):
        aws.launch()
