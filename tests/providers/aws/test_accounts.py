"""Several AWS accounts behind one set of workers: roles assumed and assumed again, profiles, and names that nobody declared."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from im.domain.config.account import Account
from im.domain.scope import Scope
from im.providers import registry
from im.providers.aws.profile import PROFILE
from im.providers.aws.provider import AwsProvider
from im.providers.contract import Slot, merge_pages
from im.providers.errors import Forbidden, Unauthenticated
from im.providers.request import Ask
from im.settings import Settings
from tests.providers.clouds import DEPLOYMENT, moto_server, public_key, reset
from tests.standin.server import StandIn

ROLE = "arn:aws:iam::111122223333:role/im"
HOUR = 3600


def settings_of(*accounts: Account, sandbox_url: str = "") -> Settings:
    return Settings(accounts=accounts, sandbox_url=sandbox_url)


def provider_of(settings: Settings, name: str) -> AwsProvider:
    made = registry.connect("aws", settings, DEPLOYMENT, name)
    assert isinstance(made, AwsProvider)
    return made


def scope_of(name: str) -> Scope:
    return Scope("aws", name, "us-east-1")


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[StandIn]:
    """As AWS would be met: an endpoint, keys and profiles in the environment of the worker."""
    with StandIn() as running:
        running.control.configure(accounts={"AKIAOWN": "100000000001", "AKIALAPTOP": "200000000002"})
        credentials = tmp_path / "credentials"
        credentials.write_text(
            "[laptop]\naws_access_key_id = AKIALAPTOP\naws_secret_access_key = secret-of-the-laptop\n"
        )
        for name, value in {
            "AWS_ENDPOINT_URL": running.url,
            "AWS_ACCESS_KEY_ID": "AKIAOWN",
            "AWS_SECRET_ACCESS_KEY": "secret-of-ours",
            "AWS_SHARED_CREDENTIALS_FILE": str(credentials),
            "AWS_CONFIG_FILE": "/dev/null",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, value)
        yield running


def test_each_name_leads_to_its_own_account(cloud: StandIn) -> None:
    settings = settings_of(
        Account("dev", "aws", {"profile": "laptop"}), Account("prod", "aws", {"role": ROLE}), Account("own", "aws")
    )
    seen = {name: provider_of(settings, name).identity(scope_of(name)) for name in settings.account_names}
    assert seen == {"default": "100000000001", "dev": "200000000002", "prod": "111122223333", "own": "100000000001"}


def test_a_role_is_assumed_with_its_profile_and_its_external_id(cloud: StandIn) -> None:
    settings = settings_of(Account("prod", "aws", {"profile": "laptop", "role": ROLE, "external_id": "between-us"}))
    provider_of(settings, "prod").identity(scope_of("prod"))
    (call,) = cloud.control.calls("AssumeRole")
    assert call["credentials"] == "AKIALAPTOP"
    assert call["asked"]["ExternalId"] == "between-us"


def test_one_role_is_assumed_once_for_every_region_and_purpose(cloud: StandIn) -> None:
    provider = provider_of(settings_of(Account("prod", "aws", {"role": ROLE})), "prod")
    for region in ("us-east-1", "eu-west-1"):
        assert merge_pages(provider.list(Scope("aws", "prod", region))).complete
    provider.identity(scope_of("prod"))
    assert len(cloud.control.calls("AssumeRole")) == 1


def test_keys_about_to_expire_are_exchanged_before_the_call(cloud: StandIn) -> None:
    cloud.control.configure(skew=-HOUR + 5 * 60)  # what it gives lasts five minutes by the worker's clock
    provider = provider_of(settings_of(Account("prod", "aws", {"role": ROLE})), "prod")
    merge_pages(provider.list(scope_of("prod")))
    merge_pages(provider.list(scope_of("prod")))
    used = len(cloud.control.calls("AssumeRole"))
    assert used > 1
    cloud.control.configure(skew=0)
    merge_pages(provider.list(scope_of("prod")))
    settled = len(cloud.control.calls("AssumeRole"))
    merge_pages(provider.list(scope_of("prod")))
    assert len(cloud.control.calls("AssumeRole")) == settled == used + 1


def test_the_account_is_asked_again_when_the_keys_are_others(cloud: StandIn) -> None:
    """A role or a profile may lead elsewhere one day, in the middle of a worker's life."""
    cloud.control.configure(skew=-HOUR + 5 * 60)
    provider = provider_of(settings_of(Account("prod", "aws", {"role": ROLE})), "prod")
    assert provider.identity(scope_of("prod")) == "111122223333"
    asked = cloud.control.counts()["calls"]["GetCallerIdentity"]
    assert provider.identity(scope_of("prod")) == "111122223333"
    assert cloud.control.counts()["calls"]["GetCallerIdentity"] > asked


def test_a_role_that_may_not_be_assumed_is_forbidden_for_that_account_alone(cloud: StandIn) -> None:
    cloud.control.refuse("AssumeRole", "AccessDenied", times=None)
    settings = settings_of(Account("prod", "aws", {"role": ROLE}))
    with pytest.raises(Forbidden, match="AccessDenied"):
        merge_pages(provider_of(settings, "prod").list(scope_of("prod")))
    assert merge_pages(provider_of(settings, "default").list(scope_of("default"))).complete


def test_a_profile_that_is_not_there_says_which(cloud: StandIn) -> None:
    with pytest.raises(Unauthenticated, match="gone"):
        merge_pages(provider_of(settings_of(Account("dev", "aws", {"profile": "gone"})), "dev").list(scope_of("dev")))


def test_rows_of_an_account_that_this_worker_does_not_know_wait_for_one_that_does(cloud: StandIn) -> None:
    provider = provider_of(settings_of(Account("prod", "aws", {"role": ROLE})), "prdo")
    with pytest.raises(Unauthenticated, match=r"no account 'prdo' in the settings of this worker .*did you mean prod"):
        merge_pages(provider.list(scope_of("prdo")))
    assert cloud.control.counts()["calls"] == {}


def test_no_secret_and_no_token_is_ever_logged(cloud: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    from im import logs

    root = logging.getLogger()
    before = root.handlers[:], root.level
    logs.configure("debug")
    root.addHandler(caplog.handler)
    try:
        settings = settings_of(Account("prod", "aws", {"profile": "laptop", "role": ROLE, "external_id": "between-us"}))
        merge_pages(provider_of(settings, "prod").list(scope_of("prod")))
        cloud.control.refuse("AssumeRole", "AccessDenied", times=None)
        with pytest.raises(Forbidden) as refused:
            merge_pages(provider_of(settings, "prod").list(scope_of("prod")))
    finally:
        root.handlers[:], level = before
        root.setLevel(level)
    told = caplog.text + str(refused.value) + repr(settings)
    for secret in ("a-secret-that-nobody-checks", "a-token-that-nobody-checks", "secret-of-the-laptop", "between-us"):
        assert secret not in told


def test_in_the_sandbox_a_role_is_an_account_of_its_own_even_when_moto_has_forgotten_it() -> None:
    with moto_server() as url:
        settings = settings_of(Account("prod", "aws", {"role": ROLE}), sandbox_url=url)
        prod, own = provider_of(settings, "prod"), provider_of(settings, "default")
        assert (prod.identity(scope_of("prod")), own.identity(scope_of("default"))) == ("111122223333", "123456789012")
        reset(url)
        ask = Ask(public_key=public_key(), owner="me")
        scope, spec = PROFILE.plan(ask, account="prod", default_region="us-east-1")
        prod.launch(scope, spec, token="t", slots=[Slot("im-1", "web")])
        assert len(merge_pages(prod.list(scope_of("prod"))).sightings) == 1
        assert merge_pages(own.list(scope_of("default"))).sightings == ()
