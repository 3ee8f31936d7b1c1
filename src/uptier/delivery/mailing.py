"""Mails to CSMs: over TLS with a certificate that holds, or not at all."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from typing import TYPE_CHECKING

from uptier.errors import DeliveryError, UnreachableError

if TYPE_CHECKING:
    from uptier.delivery_settings import DigestSettings

TLS_PORT = 465  # TLS from the start (RFC 8314); all others begin in the clear and change to it by STARTTLS
AWAY = "Is it up, and are smtp_host and smtp_port right? Deliver again."


class RefusedError(Exception):
    """A server does not take one mail; others it may take.

    Parameters
    ----------
    code : int
        Its answer: from 400 on for what may pass, from 500 on for what will not (RFC 5321).
    """

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code

    @property
    def passing(self) -> bool:
        """Whether the mail may be taken later."""
        return self.code < 500


def mail(*, sender: str, to: str, identity: str, subject: str, text: str, html: str | None) -> EmailMessage:
    """Write a mail.

    Parameters
    ----------
    sender, to : str
        Addresses.
    identity : str
        Its Message-ID; a mail system that looks at it shows one that comes twice only once.
    subject : str
        One line.
    text : str
        To be read without markup.
    html : str or None
        The same as a page.

    Returns
    -------
    EmailMessage
        No mail program answers it by itself.
    """
    made = EmailMessage()
    made["From"] = Address(addr_spec=sender)
    made["To"] = Address(addr_spec=to)
    made["Subject"] = subject
    made["Date"] = formatdate()
    made["Message-ID"] = identity
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834
    made.set_content(text)
    if html is not None:
        made.add_alternative(html, subtype="html")
    return made


def is_address(text: str) -> bool:
    """Say whether a text can be the address of a mail.

    Parameters
    ----------
    text : str
        As the project's YAML has it.

    Returns
    -------
    bool
        It has a mailbox and a domain, and nothing that would begin another header.
    """
    try:
        parsed = Address(addr_spec=text)
    except (ValueError, IndexError, MessageError):
        return False
    return bool(parsed.username and parsed.domain)


@contextmanager
def post_office(settings: DigestSettings, environment: Mapping[str, str]) -> Iterator[smtplib.SMTP]:
    """Connect to the server, over TLS, and log in where there is a user.

    Parameters
    ----------
    settings : DigestSettings
        The server.
    environment : mapping of str to str
        User and password by the variables that the settings name; ``SSL_CERT_FILE``, certificates to trust instead of
        the system's.

    Yields
    ------
    SMTP
        Ready to take mails.

    Raises
    ------
    UnreachableError
        If nobody answers in time or the line is lost: whether the mail that was on its way has arrived is not known.
    DeliveryError
        If the server offers no TLS, its certificate does not hold, or it refuses the password or the sender.
    """
    try:
        trusted = ssl.create_default_context(cafile=environment.get("SSL_CERT_FILE") or None)
    except OSError:
        raise DeliveryError("SSL_CERT_FILE names no file of certificates.", do="Name one, as PEM.") from None
    try:
        with _connected(settings, trusted) as server:
            user = environment.get(settings.user_env)
            if user:
                server.login(user, environment.get(settings.password_env, ""))
            yield server
    except ssl.SSLCertVerificationError:
        raise DeliveryError(
            f"The certificate of {settings.smtp_host} does not hold; nothing was sent.",
            do="Is smtp_host the name in its certificate? SSL_CERT_FILE names a file of certificates to trust.",
        ) from None
    except smtplib.SMTPNotSupportedError:
        raise DeliveryError(
            f"{settings.smtp_host} offers no TLS, or no way to log in; nothing was sent.",
            do="Use a port that speaks STARTTLS (587) or TLS (465).",
        ) from None
    except smtplib.SMTPResponseException as error:  # of the greeting, the login or the sender; of one mail: see below
        if error.smtp_code >= 500:
            raise DeliveryError(
                f"{settings.smtp_host} refuses us ({type(error).__name__}, {error.smtp_code}).",
                do=f"Check {settings.user_env}, {settings.password_env} and sender.",
            ) from None
        raise UnreachableError(
            f"{settings.smtp_host} cannot now ({type(error).__name__}, {error.smtp_code}).", do=AWAY
        ) from None
    except (smtplib.SMTPException, OSError) as error:
        raise UnreachableError(f"{settings.smtp_host} does not answer ({type(error).__name__}).", do=AWAY) from None


def post(server: smtplib.SMTP, message: EmailMessage) -> None:
    """Send one mail to one address.

    Parameters
    ----------
    server : SMTP
        From :func:`post_office`.
    message : EmailMessage
        From :func:`mail`.

    Raises
    ------
    RefusedError
        If the server does not take this mail; it was not sent.
    """
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise RefusedError(max(code for code, _ in error.recipients.values())) from None
    except smtplib.SMTPDataError as error:
        raise RefusedError(error.smtp_code) from None


@contextmanager
def _connected(settings: DigestSettings, trusted: ssl.SSLContext) -> Iterator[smtplib.SMTP]:
    host = settings.smtp_host or ""
    if settings.smtp_port == TLS_PORT:
        with smtplib.SMTP_SSL(host, settings.smtp_port, timeout=settings.timeout, context=trusted) as server:
            yield server
    else:
        with smtplib.SMTP(host, settings.smtp_port, timeout=settings.timeout) as server:
            server.starttls(context=trusted)
            yield server
