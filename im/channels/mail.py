"""Notices by SMTP, one mail each, to one address or to one made from the owner's name."""

from __future__ import annotations

import re
import smtplib
import ssl
from datetime import datetime
from email.message import EmailMessage

from im import address
from im.channels.channel import NotSent
from im.domain.errors import Refused
from im.domain.notice import Notice

_TIMEOUT = 8.0
_OWNER = re.compile(r"[A-Za-z0-9._+-]{1,64}", re.ASCII)
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", re.ASCII)
"""One, without quotes, comments and names: what cannot be part of it can be no second receiver and no header either."""
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class Mail:
    """`smtp://` plain, `smtp+starttls://` and `smtps://` encrypted; user and password in the URL, percent-encoded."""

    def __init__(self, url: str, sender: str, to: str) -> None:
        write = "write smtp+starttls://user:password@mail.example.com:587"
        try:
            parts = address.read(url)
        except address.Unreadable:
            raise Refused("IM_NOTICE_SMTP cannot be read", f"{write}; {address.ENCODE}") from None
        if parts.scheme not in _PORTS or not parts.host or parts.query:
            raise Refused("IM_NOTICE_SMTP is no mail server", write)
        if parts.user and parts.scheme == "smtp":
            raise Refused("IM_NOTICE_SMTP would send a password in the clear", "use smtp+starttls:// or smtps://")
        # whoever chose the part behind the @ would choose the server that gets the mail
        if (
            not all(map(_ADDRESS.fullmatch, (sender, to.replace("{owner}", "owner"))))
            or "{owner}" in to.partition("@")[2]
        ):
            raise Refused(
                "notices by mail need a sender and a receiver",
                "set IM_NOTICE_MAIL_FROM=im@example.com and IM_NOTICE_MAIL_TO={owner}@example.com",
            )
        self._scheme, self._host, self._port = parts.scheme, parts.host, parts.port or _PORTS[parts.scheme]
        self._user, self._password = parts.user, parts.password or ""
        self._sender, self._to = sender, to

    def __repr__(self) -> str:
        return f"Mail({self._scheme}://{self._host}:{self._port})"

    def send(self, notice: Notice, now: datetime) -> None:
        letter = self._letter(notice, now)
        try:
            with self._connected() as server:
                server.send_message(letter)
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            raise NotSent(f"{self._host} did not take the mail: {_why(exc)}") from exc

    def probe(self) -> str:
        """As far as a mail would go before it has an address: connected, encrypted and logged in as configured."""
        try:
            with self._connected():
                return f"{self._host}:{self._port}"
        except (OSError, smtplib.SMTPException, ValueError) as exc:
            raise NotSent(f"{self._host}:{self._port} cannot be used: {_why(exc)}") from exc

    def _connected(self) -> smtplib.SMTP:
        if self._scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT)
        try:
            if self._scheme == "smtp+starttls":
                server.starttls(context=ssl.create_default_context())
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _letter(self, notice: Notice, now: datetime) -> EmailMessage:
        to = self._to
        if "{owner}" in to:
            if not _OWNER.fullmatch(notice.owner):
                raise NotSent("the owner's name cannot be part of an address")
            to = to.replace("{owner}", notice.owner)
        letter = EmailMessage()
        letter["From"], letter["To"] = self._sender, to
        letter["Subject"] = notice.subject(now)
        letter["Date"] = now
        # the same for every attempt, so that a mailbox may drop the second one
        letter["Message-ID"] = f"<{notice.key}@im>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(notice.text(now))
        return letter


def _why(exc: BaseException) -> str:
    """A server's answer in its number, silence in our words: what it says may repeat what it was told."""
    match exc:
        case smtplib.SMTPAuthenticationError():
            return f"it refuses the user or the password (answer {exc.smtp_code})"
        case smtplib.SMTPRecipientsRefused():
            return "it refuses the receiver"
        case smtplib.SMTPResponseException():
            return f"it answered {exc.smtp_code}"
        case smtplib.SMTPNotSupportedError():
            return "it does not offer what IM_NOTICE_SMTP asks of it"
        case smtplib.SMTPServerDisconnected():
            return "it closed the connection"
        case ValueError():  # smtplib speaks ASCII: another user or password cannot be sent
            return "the user or the password has letters that cannot be sent"
        case _:
            return address.reason(exc)
