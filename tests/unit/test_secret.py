"""Words of others are passed on without the secrets that this process was given, in whatever spelling they come."""

from __future__ import annotations

from pathlib import Path

import pytest

from im import secret
from im.domain.errors import Refused
from im.providers.aws.api.errors import translate
from im.secret import conceal, learn
from im.settings import Settings


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret, "_known", set())
    learn(
        ["redis://:hunter2#tail99@h", "host=h password='open sesame'", "https://hooks.example/T0/B0/deadbeef"],
        {"https_proxy": "http://u:pr0xy%40word@p:3128", "PGPASSWORD": "a-long-password-1"},
    )


@pytest.mark.parametrize(
    "text",
    [
        "Port could not be cast to integer value as 'hunter2'",
        "no such host: tail99@h",
        "invalid: open sesame",
        "POST https://hooks.example/T0/B0/deadbeef failed",
        "407 for pr0xy%40word or pr0xy@word",
        "FATAL: a-long-password-1",
        "postgresql://x:never-learnt@h/d and postgresql://x:never@learnt@h",
        "{'password': 'never-learnt', 'b': 1}",
        "Proxy-Authorization: Basic never-learnt",
        "host=h password=never-learnt user=x",
        "there is no instance 'im_pat_neverlearnt0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ01234'",
        "neither im_svc_neverlearnt0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ01234, nor",
        "signed with whsec_neverlearnt/0123456789+ABCDEFGHIJKLMNOPQRSTU=",
    ],
)
def test_no_secret_is_left(text: str) -> None:
    told = conceal(text)
    for one in ("hunter2", "tail99", "open sesame", "deadbeef", "word", "a-long", "learnt"):
        assert one not in told.replace("password", "")
    assert "***" in told


@pytest.mark.parametrize("text", ["web-1: running", "hunter22 is a name", "at 12:30:05, stop=20/200", "→ http://h:1/x"])
def test_other_words_stay_as_they_are(text: str) -> None:
    assert conceal(text) == text


def test_an_endpoint_or_a_proxy_is_named_by_its_parts() -> None:
    from botocore.exceptions import EndpointConnectionError, HTTPClientError
    from urllib3.exceptions import LocationParseError

    away = EndpointConnectionError(endpoint_url="http://user:s3cret@127.0.0.1:1/", error=ConnectionRefusedError())
    told = translate(away, mutating=True).message
    assert told == "AWS cannot be reached: http://user@127.0.0.1:1 does not answer: nobody listens there"
    torn = HTTPClientError(error=LocationParseError("u:s3"))
    assert "s3" not in translate(torn, mutating=True).message


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"IM_BROKER_URL": "redis://:wo3rd#tail77@h"}, "cast to integer: 'wo3rd', or tail77"),
        ({"IM_DATABASE_URL": "postgresql://u:wo3rd@h/d"}, "auth failed with wo3rd"),
        ({"IM_DATABASE_URL": "postgresql://u:wo3rd,tail77@h1,h2/d"}, "auth failed with wo3rd,tail77"),
        ({"IM_NOTICE_WEBHOOK": "https://hooks.example/T0/wo3rd"}, "https://hooks.example/T0/wo3rd is away"),
        ({"IM_ACCOUNTS": "lab=provider=hetzner;token=wo3rd"}, "Bearer wo3rd"),
        ({"IM_ACCOUNTS": "lab=provider=hetzner;token_env=LAB", "LAB": "wo3rd"}, "wo3rd was refused"),
        ({"DIGITALOCEAN_TOKEN": "wo3rd" * 4}, f"{'wo3rd' * 4} was refused"),
        ({"HCLOUD_TOKEN": "wo3rd" * 4}, f"{'wo3rd' * 4} was refused"),
        ({"IM_ACCOUNTS": "prod=arn:aws:iam::111122223333:role/im;external_id=wo3rd"}, "not with wo3rd"),
    ],
    ids=lambda one: next(iter(one)) if isinstance(one, dict) else "",
)
def test_whoever_reads_its_settings_never_repeats_them(variables: dict[str, str], said: str, tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "IM_HOME": str(tmp_path), **variables}
    Settings.from_env(env)
    assert "***" in conceal(said)
    assert "wo3rd" not in conceal(said)
    assert "tail77" not in conceal(said)


def test_settings_that_cannot_be_read_are_not_repeated_either(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        Settings.from_env({"HOME": str(tmp_path), "IM_BROKER_URL": "redis://:wo3rd@h", "IM_BATCH": "many"})
    assert conceal("wo3rd") == "***"


def test_words_that_are_no_secret_stay(tmp_path: Path) -> None:
    """Who it is, where it is, and which cloud: what people are told of every day."""
    Settings.from_env(
        {
            "HOME": str(tmp_path),
            "IM_DATABASE_URL": "postgresql://postgres@db.example/inventory",
            "IM_BROKER_URL": "redis://worker:wo3rd@broker.example:6379/0",
            "IM_SANDBOX_URL": "aws=http://sandbox:fi4rst@127.0.0.1:81,hetzner=http://sandbox:sec5ond@127.0.0.1:82",
        }
    )
    told = "postgres worker db.example broker.example sandbox aws hetzner 127.0.0.1 inventory"
    assert conceal(told) == told
    assert conceal("fi4rst and sec5ond and wo3rd") == "*** and *** and ***"


def test_a_secret_that_is_no_address_is_learnt_as_it_stands(tmp_path: Path) -> None:
    Settings.from_env({"IM_HOME": str(tmp_path), "IM_OIDC_CLIENT_SECRET": "of-the-client-alone"})
    assert "of-the-client-alone" not in conceal("invalid_client: of-the-client-alone is not it")
