"""The advisors' e-mails against a real SMTP server on this machine: headers, UTF-8, and one message whatever dies in between."""

import email
import email.policy
import os
import secrets
import signal
import socket
import subprocess
import sys
import textwrap

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings as django_settings
from django.utils import timezone

from callcenter import tasks
from callcenter.domain.errors import Refused
from callcenter.enums import WorkState
from callcenter.models import Mail
from callcenter.roles import Role
from crm_audit.domain import notices, validity
from crm_audit.enums import Verdict
from crm_audit.models import Activity, Notice
from tests.callcenter.spiga.test_proactive_feed import database_url
from tests.conftest import person
from tests.crm_audit.conftest import bring, reason, staff
from tests.factories import MONDAY, SiteFactory


class Server:
    """Keeps what it receives; may kill a process as a message arrives: before it is taken, or right after."""

    def __init__(self, port: int):
        self.port = port
        self.taken, self.kill_before, self.kill_after = [], None, None

    async def handle_DATA(self, server, session, envelope):
        if self.kill_before:
            os.kill(self.kill_before.pid, signal.SIGKILL)
            self.kill_before = None
            return "451 4.3.0 Se fue la luz"
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        if self.kill_after:
            os.kill(self.kill_after.pid, signal.SIGKILL)
            self.kill_after = None
        return "250 Recibido"

    @property
    def mailbox(self) -> dict:
        """As a mailbox keeps them: one for each Message-ID."""
        messages = [email.message_from_bytes(content, policy=email.policy.default) for _, _, content in self.taken]
        return {message["Message-ID"]: message for message in messages}


@pytest.fixture
def smtp(settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    handler = Server(port)
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield handler
    controller.stop()


@pytest.fixture
def notice(house, monday):
    """One notice with two activities, its e-mail in the outbox and committed."""
    staff(SiteFactory(code="centro", name="Sede Centro", aliases=["CENTRO"]))
    lead = person(Role.CRM_LEAD, first_name="Íñigo")
    bring("traffic", "f5_traffic.csv")
    bring("visits", "f6_visits.csv")
    for row, verdict, code in (
        (Activity.objects.get(comment="no contesta"), Verdict.INVALID, "NO_CONTACT_MADE"),
        (Activity.objects.get(prospect__name="Saúl Castro Mejía"), Verdict.NOT_DONE, "PROSPECT_CLOSED"),
    ):
        validity.judge(row.pk, verdict, reason=reason("ACTIVITY", code), by=lead, at=MONDAY)
    drafts = notices.drafts(lead, MONDAY)
    notices.send(
        [draft.advisor.pk for draft in drafts], by=lead, at=MONDAY, address=lambda token: f"https://crm.example/aviso-crm/{token}/"
    )
    return Notice.objects.get()


@pytest.mark.django_db(transaction=True)
def test_the_mail_arrives_whole(notice, smtp):
    while tasks.run_one():
        pass
    ((sender, recipients, content),) = smtp.taken
    assert (sender, recipients) == ("no-responder@carrazos.example", ["rosa@carrazos.example", "catalina@carrazos.example"])
    message = email.message_from_bytes(content, policy=email.policy.default)
    assert message["Subject"] == "SPIGA por actualizar: 2 registros al 23/11/2026"
    assert (message["To"], message["Cc"]) == ("rosa@carrazos.example", "catalina@carrazos.example")
    assert message["Message-ID"].endswith("@carrazos.example>")
    assert message.get_content_charset() == "utf-8"
    text = message.get_content()
    assert "19/11/2026 · Llamada · Saúl Castro Mejía (sin realizar): vendido o perdido." in text
    assert f"https://crm.example/aviso-crm/{notice.token}/" in text
    assert "Íñigo" in text
    notice.mail.refresh_from_db()
    assert (notice.mail.work_state, notice.mail.sent_at is not None) == (WorkState.DONE, True)


def worker(port: int) -> subprocess.Popen:
    """A worker of its own process that works one due row."""
    program = textwrap.dedent(
        """
        import django
        django.setup()
        from callcenter import tasks
        tasks.run_one()
        """
    )
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "carrazos.settings", "DATABASE_URL": database_url(), "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "SECRET_KEY": secrets.token_urlsafe(64), "ALLOWED_HOSTS": "localhost", "REDIS_URL": "redis://127.0.0.1:1/0",
    }  # fmt: skip
    return subprocess.Popen([sys.executable, "-c", program], cwd=django_settings.ROOT, env=environment)


def let_the_lease_run_out():
    Mail.objects.update(lease_until=timezone.now())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_in_between_sends_one_message(notice, smtp, moment):
    first = worker(smtp.port)
    setattr(smtp, f"kill_{moment}", first)
    assert first.wait(timeout=60) == -signal.SIGKILL
    notice.mail.refresh_from_db()
    assert (notice.mail.work_state, notice.mail.sent_at) == (WorkState.RUNNING, None)
    assert len(smtp.taken) == (moment == "after")

    let_the_lease_run_out()
    assert worker(smtp.port).wait(timeout=60) == 0
    assert worker(smtp.port).wait(timeout=60) == 0  # nothing is left to send
    notice.mail.refresh_from_db()
    assert (notice.mail.work_state, notice.mail.attempts) == (WorkState.DONE, 2)
    # Killed after the server took it, the same message goes out again under its own Message-ID: a mailbox keeps one.
    assert len(smtp.taken) == (2 if moment == "after" else 1)
    assert len(smtp.mailbox) == 1


@pytest.mark.django_db(transaction=True)
def test_every_advisor_of_a_cut_gets_one_message_though_the_worker_died_and_the_button_was_pressed_again(notice, smtp):
    lead = notice.sent_by
    others = (
        Activity.objects.pending().filter(state="DONE", advisor__isnull=False).exclude(advisor=notice.advisor).exclude(advisor__email="")
    )
    for row in others.order_by("pk")[:1]:
        validity.judge(row.pk, Verdict.INVALID, reason=reason("ACTIVITY", "NO_CONTACT_MADE"), by=lead, at=MONDAY)

    def press():
        chosen = [draft.advisor.pk for draft in notices.drafts(lead, MONDAY)]
        notices.send(chosen, by=lead, at=MONDAY, address=lambda token: f"https://crm.example/aviso-crm/{token}/")

    press()  # the new advisor only: the first was told in this cut
    with pytest.raises(Refused):
        press()
    first = worker(smtp.port)
    smtp.kill_after = first
    assert first.wait(timeout=60) == -signal.SIGKILL
    let_the_lease_run_out()
    while tasks.run_one():
        pass
    assert sorted(message["To"] for message in smtp.mailbox.values()) == sorted(Notice.objects.values_list("advisor__email", flat=True))
    assert len(smtp.mailbox) == 2
    assert set(Mail.objects.values_list("work_state", flat=True)) == {WorkState.DONE}
