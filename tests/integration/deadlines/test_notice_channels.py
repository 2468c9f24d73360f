"""Notices whose receiver fails, refuses, or cannot be: sent again under the same id, and told of."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from im.channels.http import Webhook
from im.channels.mail import Mail
from im.domain.errors import Refused
from im.domain.notice import ChannelName, Notice, parse_stages
from im.services.health import doctor_money
from im.settings import Settings
from tests.integration.deadlines.receivers import Post, Web, post
from tests.integration.deadlines.telling import MINUTE, stages, states, tell
from tests.world import START, World


@pytest.fixture
def office() -> Iterator[Post]:
    with post() as receiver:
        yield receiver


def test_a_receiver_that_fails_for_ten_minutes_gets_each_notice_once_when_it_is_back(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    world.create("web", seconds=30 * MINUTE)
    hook.status = 500
    world.advance(25 * MINUTE - 20, tick=30)  # its first notice was due 10 minutes ago
    assert hook.got == []
    assert hook.asked > 5
    assert world.kinds().count("notice refused") == 1
    hook.status = 200
    world.advance(3 * MINUTE, tick=30)
    assert stages(hook) == [15, 5]
    assert [state for _, _, state in states(world)] == ["sent", "sent"]
    world.advance(5 * MINUTE, tick=30)
    assert len(hook.got) == 2


def test_a_receiver_that_never_comes_back_is_told_of_by_doctor(world: World, hook: Web) -> None:
    tell(world, notice_webhook=hook.url)
    hook.status = 500
    world.create("web", seconds=10 * MINUTE)
    world.advance(12 * MINUTE, tick=30)
    assert states(world) == [(5, "webhook", "late")]
    assert world.kinds().count("notice not taken") == 1
    with world.ctx.begin() as connection:
        check = next(c for c in doctor_money.checks(connection, world.now) if c.name == "notices")
    assert not check.ok
    assert "1 was not taken before its deadline" in check.detail
    assert "127.0.0.1 answered 500" in check.detail
    assert "secret" not in check.detail


def test_doctor_says_which_receiver_cannot_be_reached_before_there_is_any_notice(hook: Web, office: Post) -> None:
    """A port that was free a moment ago: nobody listens there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        nobody = probe.getsockname()[1]
    settings = Settings(
        notice_webhook=hook.url,
        notice_slack=f"http://127.0.0.1:{nobody}/services/secret",
        notice_smtp=office.url,
        notice_mail_from="im@example.com",
        notice_mail_to="team@example.com",
    )
    found = {check.name: check for check in doctor_money.receivers(settings)}
    assert {name: check.ok for name, check in found.items()} == {
        "notices, webhook": True,
        "notices, slack": False,
        "notices, mail": True,
    }
    assert found["notices, slack"].detail == f"127.0.0.1:{nobody} cannot be reached: nobody listens there"
    assert "IM_NOTICE_" in found["notices, slack"].fix
    assert (hook.asked, office.letters) == (0, [])
    silent = Settings(notice_smtp=f"smtp://127.0.0.1:{nobody}", notice_mail_from="a@b", notice_mail_to="c@d")
    (mail,) = doctor_money.receivers(silent)
    assert not mail.ok
    (wrong,) = doctor_money.receivers(Settings(notice_webhook="ftp://x/"))
    assert "http or https" in wrong.detail
    assert list(doctor_money.receivers(Settings())) == []


def test_one_channel_that_fails_does_not_keep_the_others_waiting(world: World, hook: Web, office: Post) -> None:
    tell(world, notice_webhook="http://127.0.0.1:9/", notice_slack=hook.url)
    tell(world, notice_smtp=office.url, notice_mail_from="im@example.com", notice_mail_to="{owner}@example.com")
    world.create("web", seconds=6 * MINUTE)
    world.advance(2 * MINUTE, tick=30)
    assert sorted(states(world)) == [(5, "mail", "sent"), (5, "slack", "sent"), (5, "webhook", "pending")]
    (slack,) = hook.got
    assert list(slack) == ["text"]
    assert slack["text"].startswith("web stops in 5m, at ")
    assert slack["text"].endswith("To keep it longer: `im extend web -d 1h`")
    (letter,) = office.letters
    assert office.to == ["ada@example.com"]
    assert letter["Subject"].startswith("web stops in 5m")
    assert "    im extend web -d 1h" in letter.get_content()


def test_mail_that_is_refused_is_sent_again_under_the_same_id(world: World, office: Post) -> None:
    tell(world, notice_smtp=office.url, notice_mail_from="im@example.com", notice_mail_to="team@example.com")
    world.create("web", seconds=10 * MINUTE)
    office.answer = "451 try later"
    world.advance(6 * MINUTE, tick=30)
    assert office.letters == []
    office.answer = "250 taken"
    world.advance(2 * MINUTE, tick=30)
    (letter,) = office.letters
    assert letter["Message-ID"].endswith("@im>")
    assert office.to == ["team@example.com"]


NOTICE = Notice(
    *("im-1", "web", "a<b>\r\nBcc: x@y", "fake", START, "terminate"), timedelta(minutes=5), ChannelName.MAIL
)


class TestWhatCannotBe:
    @pytest.mark.parametrize("url", ["ftp://x/", "file:///etc/passwd", "nonsense", "http://"])
    def test_a_webhook_that_is_none(self, url: str) -> None:
        with pytest.raises(Refused, match="http or https"):
            Webhook(url)

    @pytest.mark.parametrize(
        ("url", "sender", "to"),
        [
            ("http://mail", "a@b", "c@d"),
            ("smtp://user:secret@mail", "a@b", "c@d"),
            ("smtps://mail", "", "c@d"),
            ("smtps://mail", "a@b", "nobody"),
            ("smtps://mail", "a@b", "a@b, c@d"),
            ("smtps://mail", "a@b", "a@b;c@d"),
            ("smtps://mail", "a@b", "c@d\r\nBcc: eve@x"),
            ("smtps://mail", "a@b", "c@d\x85Bcc: eve@x"),
            ("smtps://mail", "a@b", "c@d\u2028Bcc: eve@x"),
            ("smtps://mail", "a@b\nBcc: eve@x", "c@d"),
            ("smtps://mail", "a@b", "Ada <c@d>"),
            ("smtps://mail", "a@b", "c(x)@d"),
            ("smtps://mail", "a@b", '"c d"@e'),
            ("smtps://mail", "a@b", "c\x1b@d"),
            ("smtps://mail", "a@b", "team@{owner}.example.com"),
            ("smtps://mail", "a@b", "{owner}@{owner}"),
            ("smtps://mail", "a@b", "{owner}"),
        ],
    )
    def test_mail_that_cannot_be_sent(self, url: str, sender: str, to: str) -> None:
        with pytest.raises(Refused) as caught:
            Mail(url, sender, to)
        assert "secret" not in caught.value.message

    @pytest.mark.parametrize(
        "owner",
        ["ada\r\nBcc: eve@x", "ada\x85", "ada, eve", "ada@x,eve", "ada>", "a" * 65, "Zoë", "ada eve", "{owner}"],
    )
    def test_an_owner_that_would_be_more_than_a_name_in_the_address_is_told_and_sent_to_nobody(
        self, office: Post, owner: str
    ) -> None:
        from im.channels import NotSent

        mail = Mail(office.url, "im@example.com", "{owner}@example.com")
        with pytest.raises(NotSent, match="cannot be part of an address"):
            mail.send(replace(NOTICE, owner=owner), START - timedelta(minutes=4))
        assert office.letters == []

    def test_an_owner_that_is_no_address_is_refused_and_never_a_header(self, world: World, office: Post) -> None:
        from im.channels import NotSent

        mail = Mail(office.url, "im@example.com", "{owner}@example.com")
        with pytest.raises(NotSent, match="cannot be part of an address"):
            mail.send(NOTICE, START - timedelta(minutes=4))
        team = Mail(office.url, "im@example.com", "team@example.com")
        team.send(NOTICE, START - timedelta(minutes=4))
        (letter,) = office.letters
        assert letter["Bcc"] is None
        assert office.to == ["team@example.com"]

    def test_a_redirect_is_not_followed(self, hook: Web) -> None:
        from im.channels import NotSent

        hook.status = 302
        with pytest.raises(NotSent, match=r"127\.0\.0\.1 answered 302"):
            Webhook(hook.url).send(NOTICE, START)

    @pytest.mark.parametrize("written", ["60", "1y", "0m", ",".join(f"{n}m" for n in range(1, 12))])
    def test_stages_that_cannot_be(self, written: str) -> None:
        with pytest.raises(Refused):
            parse_stages(written)

    def test_settings_hide_where_notices_go(self) -> None:
        told = repr(Settings(notice_slack="https://hooks.slack.com/services/T0/B0/secret", notice_smtp="smtps://a:b@c"))
        assert "secret" not in told
        assert "notice_slack='***'" in told
