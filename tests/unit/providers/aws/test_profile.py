"""What EC2's profile catches before anything is written, and the hint it gives."""

from __future__ import annotations

import base64
import struct
import subprocess
import sys

import pytest

from im.domain.errors import Refused
from im.domain.scope import Scope
from im.providers.aws.launch.images import ALIASES, check_image
from im.providers.aws.profile import PROFILE, check_type, check_zone
from im.providers.kit.ssh_key import check_public_key
from im.providers.request import Ask


def ssh(kind: str, *fields: bytes, inside: str | None = None) -> str:
    parts = ((inside or kind).encode(), *fields)
    blob = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return f"{kind} {base64.b64encode(blob).decode()}"


ED25519 = ssh("ssh-ed25519", b"k" * 32)
RSA = ssh("ssh-rsa", b"\x01\x00\x01", b"\x00" + b"n" * 256)


def refusal(check: object, *args: object) -> Refused:
    with pytest.raises(Refused) as caught:
        check(*args)  # type: ignore[operator]
    return caught.value


def test_defaults() -> None:
    scope, spec = PROFILE.plan(Ask(public_key=ED25519, owner="me"), account="work", default_region="eu-west-1")
    assert scope == Scope("aws", "work", "eu-west-1")
    assert (spec.instance_type, spec.zone, spec.image, spec.ssh_user) == ("t2.nano", "eu-west-1a", "al2023", "ec2-user")
    assert (spec.public_key, spec.owner) == (ED25519, "me")


def test_without_any_region_it_is_us_east_1() -> None:
    assert PROFILE.plan(Ask(public_key=ED25519), account="a", default_region=None)[1].zone == "us-east-1a"


def test_the_zone_decides_the_region() -> None:
    scope, spec = PROFILE.plan(Ask(public_key=ED25519, zone="ap-south-1b"), account="a", default_region="us-east-1")
    assert (scope.region, spec.zone) == ("ap-south-1", "ap-south-1b")


def test_the_profile_loads_without_boto3() -> None:
    loads = "import im.providers.aws.profile, sys; assert not {'boto3', 'botocore'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", loads], check=True)


@pytest.mark.parametrize(
    ("zone", "region"),
    [
        ("us-east-1a", "us-east-1"),
        ("ap-northeast-3c", "ap-northeast-3"),
        ("us-west-2-lax-1a", "us-west-2"),
        ("us-gov-west-1b", "us-gov-west-1"),
        ("us-isob-east-1a", "us-isob-east-1"),
        ("eusc-de-east-1a", "eusc-de-east-1"),
        ("mx-central-1a", "mx-central-1"),
    ],
)
def test_zones(zone: str, region: str) -> None:
    assert check_zone(zone) == region


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("us-east-1ab", "did you mean us-east-1a or us-east-1b?"),
        ("us-east-1", "add the zone's letter, like us-east-1a"),
        ("us-east-1A", "did you mean us-east-1a?"),
        ("US-EAST-1", "add the zone's letter, like us-east-1a"),
        (" us-east-1a ", "did you mean us-east-1a?"),
        ("us-est-1a", "did you mean us-west-1a or us-east-1a?"),
        ("eu-wst-1b", "did you mean eu-west-1b"),
        ("us-east-1a\n", "did you mean us-east-1a?"),
        ("mars", "a zone is a region and a letter, like us-east-1a"),
        ("a", "a zone is a region and a letter, like us-east-1a"),
        ("$(reboot)", "a zone is a region and a letter, like us-east-1a"),
        ("x" * 10_000, "a zone is a region and a letter, like us-east-1a"),
    ],
)
def test_no_zones(zone: str, hint: str) -> None:
    error = refusal(check_zone, zone)
    assert error.hint.startswith(hint)
    assert len(error.message) < 100


@pytest.mark.parametrize(
    ("zone", "hint"),
    [
        ("us-west-7a", "did you mean us-west-2a or us-west-1a?  If it is new, set AWS_REGION=us-west-7"),
        ("zz-west-1b", "did you mean us-west-1b or eu-west-1b?  If it is new, set AWS_REGION=zz-west-1"),
    ],
)
def test_a_zone_of_a_region_that_nobody_has_heard_of(zone: str, hint: str) -> None:
    ask = Ask(public_key=ED25519, zone=zone)
    error = refusal(lambda: PROFILE.plan(ask, account="a", default_region="us-east-1"))
    assert error.hint == hint
    region = zone[:-1]
    assert PROFILE.plan(ask, account="a", default_region=region)[0].region == region


@pytest.mark.parametrize("zone", ["cn-north-1a", "us-gov-west-1b", "eusc-de-east-1a", "us-west-2-lax-1a"])
def test_regions_apart_from_the_public_ones_are_let_be(zone: str) -> None:
    PROFILE.plan(Ask(public_key=ED25519, zone=zone), account="a", default_region="us-east-1")


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("us-east-1a", "set AWS_REGION=us-east-1"),
        ("us-est-1", "set AWS_REGION=us-west-1 or AWS_REGION=us-east-1"),
        ("nowhere", "set AWS_REGION=us-east-1"),
    ],
)
def test_a_bad_default_region_names_its_variable(region: str, hint: str) -> None:
    error = refusal(lambda: PROFILE.plan(Ask(public_key=ED25519), account="a", default_region=region))
    assert error.message.startswith("AWS_REGION=")
    assert error.hint.startswith(hint)


@pytest.mark.parametrize(
    "name", ["t2.nano", "m7i.2xlarge", "u-6tb1.56xlarge", "mac2-m2.metal", "c7i.metal-24xl", "x2iedn.32xlarge"]
)
def test_types(name: str) -> None:
    assert check_type(name) == name


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("t2nano", "did you mean t2.nano?"),
        ("t2-nano", "did you mean t2.nano?"),
        ("T2.Nano", "did you mean t2.nano?"),
        ("t2.nanoo", "did you mean t2.nano?"),
        ("m7i2xlarge", "did you mean m7i.2xlarge?"),
        ("g5.12xlrage", "did you mean g5.12xlarge?"),
        ("t2.", "name a size as well, like t2.micro or t2.large"),
        ("t2", "name a size as well, like t2.micro or t2.large"),
        ("nano", "a type is a family and a size, like t2.nano or m7i.2xlarge"),
        ("; rm -rf /", "a type is a family and a size, like t2.nano or m7i.2xlarge"),
        ("x" * 10_000, "a type is a family and a size, like t2.nano or m7i.2xlarge"),
    ],
)
def test_no_types(name: str, hint: str) -> None:
    error = refusal(check_type, name)
    assert error.hint == hint
    assert len(error.message) < 100


@pytest.mark.parametrize(("image", "user"), [(name, alias.ssh_user) for name, alias in ALIASES.items()])
def test_image_aliases_know_who_logs_in(image: str, user: str) -> None:
    assert check_image(image) == (image, user)
    assert all(one.startswith("/aws/service/") for one in ALIASES[image].parameters.values())


def test_an_ami_id_is_taken_as_it_is() -> None:
    assert check_image("ami-0123456789abcdef0") == ("ami-0123456789abcdef0", "ec2-user")
    assert check_image("ami-01234567") == ("ami-01234567", "ec2-user")


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("ami-12", "17 hexadecimal digits"),
        ("AMI-0123456789ABCDEF0", "small letters"),
        ("ubuntu", "did you mean ubuntu-24.04?"),
        ("AL2023", "did you mean al2023?"),
        ("windows", "did you mean windows-2025?"),
        ("beos", "use an AMI id, a pattern as in 'my-app-*:self', or one of al2023"),
    ],
)
def test_no_images(image: str, said: str) -> None:
    assert said in refusal(check_image, image).hint


@pytest.mark.parametrize("key", [ED25519, RSA])
def test_public_keys_lose_their_comment_and_nothing_else(key: str) -> None:
    assert check_public_key(f"{key} me@laptop with spaces\n", "EC2") == key
    assert check_public_key(key, "EC2") == key


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no public key was given"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----", "that is a private key"),
        ("-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0", "that is a private key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nc2VjcmV0", "that is a private key"),
        ("---- BEGIN SSH2 PUBLIC KEY ----\nc2VjcmV0", "not in OpenSSH's one-line form"),
        ("-----BEGIN PUBLIC KEY-----\nc2VjcmV0", "not in OpenSSH's one-line form"),
        (f"{ED25519}\n{RSA}", "more than one line"),
        (ssh("ecdsa-sha2-nistp256", b"nistp256", b"c2VjcmV0"), "EC2 takes no ecdsa-sha2-nistp256"),
        (ssh("sk-ssh-ed25519@openssh.com", b"k" * 32, b"ssh:"), "EC2 takes no sk-ssh-ed25519"),
        ("ssh-dss AAAA", "EC2 takes no ssh-dss"),
        ("hello", "does not begin with"),
        ('from="10.0.0.1" ssh-ed25519 AAAA', "does not begin with"),
        ("ssh-ed25519", "something else inside"),
        ("ssh-ed25519 not-base64!", "does not decode"),
        (ED25519[:-10], "damaged"),
        (RSA[:-40], "damaged"),
        (ssh("ssh-ed25519", b"k" * 31), "damaged"),
        (ssh("ssh-rsa", b"only one"), "damaged"),
        (ssh("ssh-rsa", b"k" * 32, inside="ssh-ed25519"), "something else inside"),
        ("ssh-ed25519 " + "A" * 10_000, "10012 characters"),
        ("ssh-ed25519 ключ", "does not decode"),
    ],
)
def test_no_public_keys(text: str, said: str) -> None:
    error = refusal(check_public_key, text, "EC2")
    assert said in error.message
    assert error.hint
    assert "c2VjcmV0" not in error.message + error.hint, "a key is never repeated"


def test_a_private_key_is_told_where_its_public_half_is() -> None:
    assert ".pub" in refusal(check_public_key, "-----BEGIN OPENSSH PRIVATE KEY-----", "EC2").hint


def test_types_of_two_architectures_cannot_stand_in_for_each_other() -> None:
    kinds = ("t3.nano", "t3a.nano", "t4g.nano")
    asks = [Ask(instance_type=kind, public_key=ED25519) for kind in kinds]
    specs = [PROFILE.plan(ask, account="default", default_region=None)[1] for ask in asks]
    PROFILE.check_together(specs[:2])
    with pytest.raises(Refused, match=r"t3.nano is x86_64 and t4g.nano is arm64") as refused:
        PROFILE.check_together(specs)
    assert refused.value.hint == "name types of one architecture; for t4g.nano that would be t3.nano"
