"""Where nothing is sent, in whatever spelling: it is the resolved address that is judged."""

from __future__ import annotations

import pytest

from im.domain.errors import Refused
from im.domain.webhook.target import check_literal, read_networks, read_target, refusal

TEN = read_networks("10.20.0.0/16, fd12::/16")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0.0.0.0",  # noqa: S104  # no binding
        "255.255.255.255",
        "224.0.0.1",
        "240.0.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "168.63.129.16",
        "100.100.100.200",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fc00::1",
        "fd00:ec2::254",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:7f00:1",
        "::ffff:169.254.169.254",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo, of 127.0.0.1
    ],
)
def test_no_address_inside_is_asked(address: str) -> None:
    assert refusal("https", address, ())


@pytest.mark.parametrize("address", ["1.1.1.1", "52.95.110.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_a_public_address_is_asked_over_https_alone(address: str) -> None:
    assert refusal("https", address, ()) is None
    assert refusal("http", address, TEN)


@pytest.mark.parametrize("address", ["10.20.3.4", "::ffff:10.20.3.4", "fd12::9"])
def test_a_network_that_is_allowed_is_asked_also_over_http(address: str) -> None:
    assert refusal("https", address, TEN) is None
    assert refusal("http", address, TEN) is None
    assert refusal("https", "10.21.0.1", TEN)


@pytest.mark.parametrize("address", ["169.254.169.254", "::ffff:169.254.169.254", "fd00:ec2::254", "fe80::1"])
def test_where_keys_are_given_away_nothing_allows_it(address: str) -> None:
    assert "keys" in str(refusal("http", address, read_networks("0.0.0.0/0, ::/0")))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ci.example.com/im",
        "ftp://ci.example.com/",
        "file:///etc/passwd",
        "gopher://ci.example.com/",
        "https://",
        "https:///path",
        "https://user:secret-word@ci.example.com/",
        "https://ci.example.com@evil.example.com/",
        "https://ci.example.com/#part",
        "https://ci.example.com/a b",
        "https://ci.example.com/\r\nHost: evil",
        "https://ci.example.com/\x00",
        "https://ci.exämple.com/",
        "https://ci.example.com:99999/",
        "https://[::1/",
        "https://ci.example.com/" + "x" * 2000,
    ],
)
def test_what_is_no_url_of_a_webhook(url: str) -> None:
    with pytest.raises(Refused) as refused:
        read_target(url)
    assert "secret-word" not in f"{refused.value.message} {refused.value.hint}"


def test_a_url_is_read_into_what_is_connected_to_and_what_is_asked_for() -> None:
    target = read_target("https://CI.example.com:8443/hooks?key=a%20b")
    assert (target.scheme, target.host, target.port, target.path) == (
        "https",
        "ci.example.com",
        8443,
        "/hooks?key=a%20b",
    )
    assert target.header == "ci.example.com:8443"
    assert read_target("https://[2606:4700::1111]").header == "[2606:4700::1111]"
    assert read_target("https://ci.example.com").path == "/"


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://[::1]/", "http://1.1.1.1/", "http://ci.example.com/"])
def test_what_can_be_told_when_it_is_stored_is_told_then(url: str) -> None:
    with pytest.raises(Refused, match=r"private|https|plain http"):
        check_literal(read_target(url), ())


def test_networks_are_read_as_they_are_written() -> None:
    assert [str(one) for one in TEN] == ["10.20.0.0/16", "fd12::/16"]
    assert read_networks("") == ()
    for wrong in ("10.20.0.1/16", "everything", "10.0.0.0/33"):
        with pytest.raises(Refused, match="IM_WEBHOOK_PRIVATE"):
            read_networks(wrong)
