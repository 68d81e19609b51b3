"""Letters out: an outbox row becomes a short e-mail that says only that there is a message. No case travels by mail."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Protocol

import aiosmtplib

from portal.store.outbox import Letter
from portal.text import gettext as _
from portal.text import language

Sender = Callable[[EmailMessage], Awaitable[None]]


class RefusedLetterError(Exception):
    """The receiver certainly did not take the letter."""


class UncertainLetterError(Exception):
    """The sending broke off where the letter may already have been taken."""


class MailSettings(Protocol):
    @property
    def sender(self) -> str: ...
    @property
    def smtp_host(self) -> str: ...
    @property
    def smtp_port(self) -> int: ...
    @property
    def mail_from(self) -> str: ...


def render(letter: Letter, place_name: str, address: str) -> EmailMessage:
    """The e-mail: who writes, that there is something to read, and where. Its Message-ID is the letter's id."""
    token = language.set(letter.lang)
    try:
        mail = EmailMessage()
        mail["To"] = letter.to
        mail["Subject"] = _("Du har en ny besked fra %(place)s Kommune") % {"place": place_name}
        mail["Message-ID"] = f"<{letter.id}@portal.invalid>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(
            _(
                "Hej\n\nDer er en ny besked til dig fra %(place)s Kommune.\n"
                "Log ind for at læse den: %(address)s\n\n"
                "Du kan ikke svare på denne mail."
            )
            % {"place": place_name, "address": address}
        )
        return mail
    finally:
        language.reset(token)


def sender(settings: MailSettings) -> Sender:
    """The sender the settings name; each takes the From address along."""
    if settings.sender == "console":

        async def to_console(mail: EmailMessage) -> None:
            sys.stderr.write(f"[letter] to {mail['To']}: {mail['Subject']}\n")

        return to_console

    async def to_server(mail: EmailMessage) -> None:
        mail["From"] = settings.mail_from
        await _by_smtp(mail, settings.smtp_host, settings.smtp_port)

    return to_server


async def _by_smtp(mail: EmailMessage, host: str, port: int) -> None:
    """Refused before the words were handed over, uncertain after."""
    client = aiosmtplib.SMTP(hostname=host, port=port, timeout=20, start_tls=None)
    try:
        await client.connect()
    except (OSError, aiosmtplib.SMTPException) as error:
        raise RefusedLetterError(type(error).__name__) from error
    try:
        await client.send_message(mail)
    except aiosmtplib.SMTPResponseException as error:
        raise RefusedLetterError(f"{error.code}") from error
    except aiosmtplib.SMTPRecipientsRefused as error:
        raise RefusedLetterError("recipient") from error
    except (OSError, aiosmtplib.SMTPException) as error:
        raise UncertainLetterError(type(error).__name__) from error
    finally:
        client.close()
