"""What can be said of an image and a type before anybody is asked."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import moto
import pytest

from im.domain.errors import Refused
from im.domain.spec.spec import Spec
from im.providers.aws.launch.families import ARM, X86, architecture_of, twin_of
from im.providers.aws.launch.images import ALIASES, check_image, is_windows, login_of
from im.providers.aws.profile import PROFILE, check_type
from im.providers.request import Ask
from tests.providers.clouds import public_key
from tests.unit.providers.aws.test_profile import RSA


def plan(key: str = "", **asked: str) -> Spec:
    return PROFILE.plan(Ask(public_key=key or public_key(), **asked), account="a", default_region="us-east-1")[1]


def refusal(**asked: str) -> Refused:
    with pytest.raises(Refused) as caught:
        plan(**asked)
    return caught.value


def test_the_rule_for_architectures_holds_for_every_type_there_is() -> None:
    table = Path(moto.__file__).parent / "ec2" / "resources" / "instance_types.json.gz"
    types = json.loads(gzip.decompress(table.read_bytes()))
    told = {name: one["ProcessorInfo"]["SupportedArchitectures"] for name, one in types.items()}
    wrong = [n for n, known in told.items() if (architecture_of(n) == ARM) is not any("arm64" in k for k in known)]
    assert len(types) > 1000
    # Apple's machines are a world of their own: arm64_mac
    assert [name for name in wrong if not name.startswith("mac")] == []


@pytest.mark.parametrize("architecture", [X86, ARM])
def test_a_twin_is_a_type_of_that_architecture(architecture: str) -> None:
    for asked in ("t2.nano", "m7g.16xlarge", "c7i.metal-48xl", "g5g.xlarge"):
        twin = twin_of(asked, architecture)
        assert check_type(twin) == twin
        assert architecture_of(twin) == architecture


@pytest.mark.parametrize("alias", [name for name, one in ALIASES.items() if len(one.parameters) == 2])
def test_an_alias_serves_both_architectures(alias: str) -> None:
    for instance_type in ("t3.micro", "t4g.micro"):
        assert plan(image=alias, instance_type=instance_type).image == alias


@pytest.mark.parametrize(
    ("image", "instance_type", "message", "hint"),
    [
        ("al2023-arm64", "t3.micro", "built for arm64, and t3.micro is x86_64", "--instance-type t4g.micro"),
        ("windows-2022", "m7g.large", "built for x86_64, and m7g.large is arm64", "--instance-type t3.large"),
    ],
)
def test_an_alias_of_one_architecture_names_a_type_that_fits(
    image: str, instance_type: str, message: str, hint: str
) -> None:
    error = refusal(image=image, instance_type=instance_type)
    assert message in error.message
    assert hint in error.hint


def test_windows_takes_rsa_keys_only() -> None:
    for image in ("windows-2022", "Windows_Server-2019-*:amazon"):
        error = refusal(image=image)
        assert "RSA" in error.message
        assert "ssh-keygen -t rsa" in error.hint
        assert plan(RSA, image=image).ssh_user == "Administrator"
        assert is_windows(image)


@pytest.mark.parametrize(
    ("image", "stored", "user"),
    [
        ("ubuntu/images/*noble*:canonical", "ubuntu/images/*noble*:canonical", "ubuntu"),
        ("debian-12-*:136693071363", "debian-12-*:136693071363", "admin"),
        (" my-app-* : self ", "my-app-*:self", "ec2-user"),
        ("Rocky-9-EC2-Base-*:ROCKY", "Rocky-9-EC2-Base-*:rocky", "rocky"),
    ],
)
def test_a_pattern_with_its_owner(image: str, stored: str, user: str) -> None:
    assert check_image(image) == (stored, user)


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("ubuntu*:cannonical", "did you mean canonical?"),
        ("ubuntu*", "say it after a colon: 'ubuntu*:self'"),
        ("ubuntu*:", "an account number, or one of self"),
        ("ubuntu*:12345", "an account number"),
        ("*:self", "*noble*"),
        (":self", "*noble*"),
        ("a;b`c`:self", "*noble*"),
        ("x" * 200 + ":self", "*noble*"),
    ],
)
def test_no_patterns(image: str, said: str) -> None:
    error = refusal(image=image)
    assert said in error.hint
    assert len(error.message) < 120


def test_the_user_may_be_named() -> None:
    spec = plan(image="ami-0123456789abcdef0", ssh_user="me")
    assert spec.ssh_user == "me"


@pytest.mark.parametrize(
    ("name", "user"),
    [
        ("ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20250704", "ubuntu"),
        ("Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.7 (Ubuntu 22.04) 20251007", "ubuntu"),
        ("debian-12-amd64-20250704-2259", "admin"),
        ("al2023-ami-2023.9.20251007.0-kernel-6.1-x86_64", "ec2-user"),
        ("amzn2-ami-hvm-2.0.20250704.0-x86_64-gp2", "ec2-user"),
        ("Windows_Server-2022-English-Full-Base-20251007", "Administrator"),
        ("RHEL-9.4.0_HVM-x86_64", "ec2-user"),
        ("my-own-image", ""),
    ],
)
def test_who_logs_in_by_the_name_of_the_image(name: str, user: str) -> None:
    assert login_of(name) == user
