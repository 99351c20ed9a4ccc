"""E-mail to the house's own people: written as a row with the fact that causes it, sent by a job.

A mail is sent at least once: a worker killed between the server's «250» and our commit sends it again under the same
Message-ID, so that a mailbox shows it once.
"""

import uuid
from collections.abc import Callable, Sequence
from email.utils import parseaddr

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.mail import EmailMultiAlternatives

from callcenter import clock
from callcenter.models import Mail
from carrazos.lib import text

NAMESPACE = uuid.UUID("6f2a4c1e-3d0b-5c77-9b8e-2f0f4e1d7a55")
SUBJECT_MAX = 200


def post(
    key: str,
    to: Sequence[str],
    subject: str,
    body: str,
    *,
    cc: Sequence[str] = (),
    html: str = "",
    files: Sequence[tuple[str, str, str]] = (),
) -> Mail:
    """Puts a mail in the outbox inside the caller's transaction; the same key twice is the same mail.

    `files` are (name, path in the storage, content type). The subject goes through the gate of one-line text.
    """
    mail, _ = Mail.objects.get_or_create(
        key=key[:160],
        defaults={"to": list(to), "cc": list(cc), "subject": text.one_line(text.clean(subject))[:SUBJECT_MAX], "body": text.clean(body), "html": text.clean(html),
                  "files": [list(file) for file in files]},
    )  # fmt: skip
    return mail


def message_id(mail: Mail) -> str:
    """The same for every try of one mail."""
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
    return f"<{uuid.uuid5(NAMESPACE, mail.key)}@{domain}>"


def run(mail: Mail, report: Callable[..., None]) -> None:
    """The job: hands one mail to the server."""
    message = EmailMultiAlternatives(mail.subject, mail.body, None, mail.to, cc=mail.cc, headers={"Message-ID": message_id(mail)})
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    for name, path, content_type in mail.files:
        with default_storage.open(path) as file:
            message.attach(name, file.read(), content_type)
    report("Enviando")
    message.send()
    mail.sent_at = clock.now()
    mail.save(update_fields=["sent_at"])
