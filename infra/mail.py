"""Sends a mail by SMTP, and tells apart what surely was not sent, what was, and what nobody can know."""

from __future__ import annotations

import hashlib
import mimetypes
import re
import smtplib
import ssl
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from unicodedata import category

from opsledger.domain.errors import UserError

TIMEOUT_S = 30
_UNSEEN = ("Cc", "Zl", "Zp", "Cs")
"""Kinds of characters that no head may hold: controls, separators of lines and paragraphs, halves of pairs."""
_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_LEADING_DOT = re.compile(rb"(?m)^\.")
Attachment = tuple[str, bytes]
"""(file name, content)."""


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server. ``tls``: ``starttls``, ``tls`` (from the first byte) or ``none``; ``ca_file``: an authority of one's own.

    The password is shown nowhere.
    """

    host: str
    port: int
    sender: str
    tls: str = "starttls"
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a mail that the server took: ``refused``: recipient → the server's answer."""

    message_id: str
    refused: Mapping[str, str]


class UnsureError(Exception):
    """The connection broke while the server had the mail: it may have been sent."""


def unfit(text: str) -> str:
    """Why a text cannot stand in a mail's head, which a line break would end; '' for one that can. A coded word is read by
    some, Python's own library too, and may hold one."""
    for character in text:
        if category(character) in _UNSEEN:
            code = f"U+{ord(character):04X}"
            what = f"a line break ({code})" if character in _BREAKS else f"a character that cannot be seen ({code})"
            return f"holds {what}; write it on one line"
    return "holds a coded word (=?…?=); write it as it is to be read" if "=?" in text else ""


def message_id_of(sender: str, *parts: str) -> str:
    """A Message-ID that the same parts always give, so that a receiver can tell a repeat."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:40]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def message_of(
    sender: str, recipients: Sequence[str], subject: str, text: str, at: datetime, message_id: str, files: Iterable[Attachment]
) -> EmailMessage:
    """A mail with attachments. UserError for a text that cannot stand in its head."""
    for text_ in (sender, *recipients, subject, message_id):
        if why := unfit(text_):
            raise UserError(f"no mail is made: {text_!r} {why}")
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, ", ".join(recipients), subject
    made["Date"], made["Message-ID"] = format_datetime(at), message_id
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text)
    for name, content in files:
        kind, _, subkind = (mimetypes.guess_type(name)[0] or "application/octet-stream").partition("/")
        made.add_attachment(content, maintype=kind, subtype=subkind, filename=name)
    return made


def send(server: Server, message: EmailMessage, recipients: Sequence[str]) -> Delivery:
    """Hand a mail to a server.

    UserError where it was surely not sent (not reachable, login refused, nobody accepted, content refused); UnsureError
    where the connection broke after the content had begun to flow.
    """
    content = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    try:
        smtp = _connected(server)
        try:
            refused = _addressed(smtp, server, recipients)
            _handed_over(smtp, content)
            with suppress(smtplib.SMTPException, OSError):  # the mail is sent: how the server says goodbye changes nothing
                smtp.quit()
        finally:
            smtp.close()
    except smtplib.SMTPAuthenticationError as error:
        raise UserError(f"{_name(server)} refuses the login of '{server.user}': {_text(error.smtp_error)}") from None
    except (smtplib.SMTPException, ssl.SSLError, OSError, UnicodeError) as error:  # a name that no server can have
        raise UserError(f"{_name(server)}: {_reason(error)}") from None
    return Delivery(str(message["Message-ID"]), refused)


def _name(server: Server) -> str:
    return f"mail server {server.host}:{server.port}"


def _connected(server: Server) -> smtplib.SMTP:
    context = ssl.create_default_context(cafile=str(server.ca_file) if server.ca_file else None)
    if server.tls == "tls":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.tls == "starttls":
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _addressed(smtp: smtplib.SMTP, server: Server, recipients: Sequence[str]) -> dict[str, str]:
    """Names sender and recipients; returns who was refused. UserError where all were."""
    smtp.ehlo_or_helo_if_needed()
    code, answer = smtp.mail(server.sender)
    if code != 250:
        raise UserError(f"{_name(server)} refuses the sender {server.sender}: {_text(answer)}")
    refused = {}
    for recipient in recipients:
        code, answer = smtp.rcpt(recipient)
        if code not in (250, 251):
            refused[recipient] = f"{code} {_text(answer)}"
    if len(refused) == len(recipients):
        raise UserError(
            f"{_name(server)} refuses every recipient: {'; '.join(f'{who} ({why})' for who, why in refused.items())}"
        )
    return refused


def _handed_over(smtp: smtplib.SMTP, content: bytes) -> None:
    code, answer = smtp.docmd("DATA")
    if code != 354:
        raise smtplib.SMTPDataError(code, answer)
    try:
        smtp.send(_LEADING_DOT.sub(b"..", content) + b"\r\n.\r\n")
        code, answer = smtp.getreply()
    except (smtplib.SMTPException, OSError) as error:
        raise UnsureError(_reason(error)) from None
    if code != 250:
        raise smtplib.SMTPDataError(code, answer)


def _reason(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return f"{error.smtp_code} {_text(error.smtp_error)}"
    return str(error) or type(error).__name__


def _text(answer: bytes | str) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
