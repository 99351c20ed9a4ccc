"""S6, S7, S13: what somebody typed is only text: on every page, in every workbook, PDF and mail."""

import io
import random
import re
import zipfile
from email import message_from_bytes
from email.policy import default as mail_policy
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import DatabaseError, connection, models, transaction
from django.template import engines
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from callcenter import exports, tasks
from callcenter.domain import mail, personal_data
from callcenter.models import Customer, ImportBatch, ImportRow, ListExport
from callcenter.roles import Role
from callcenter.spiga import rejects
from carrazos.lib.periods import Month
from carrazos.lib.text import clean
from reports import personal_data as frozen
from reports.base import Request
from reports.catalogue import BY_CODE
from reports.render import pdf, xlsx
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, UserFactory
from tests.security import matrix
from tests.security.addresses import OBJECTS, PLAIN, every_address

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]

# -- S6: every page --------------------------------------------------------------------------------------------------

CANARY = "xcanary"
MARKUP = (
    "<xcanary>", '"><xcanary>', "'><xcanary>", "</p><xcanary>", "</script><xcanary>", "</textarea><xcanary>", "</title><xcanary>",
    "--><xcanary>", "]]><xcanary>", "</style><xcanary>", '" xcanary=1 x="', "' xcanary=1 x='", "` xcanary=1", "<xcanary/onload=alert(1)>",
    "&lt;xcanary&gt;<xcanary>", "<<xcanary>", "<xcanary\n>", "{{7*7}}<xcanary>", "{% load x %}<xcanary>", "\u2028<xcanary>", "＜xcanary＞<xcanary>",
    '"},{"x":"</script><xcanary>', "</svg><xcanary>", "<!--<xcanary>", '"autofocus xcanary=', "javascript:xcanary", "<a href=javascript:xcanary><xcanary>",
    "\\\"><xcanary>", "%3Cxcanary%3E<xcanary>", "<x><xcanary>",
)  # fmt: skip
# Text that the code reads as a key of its own: a person can not write it.
KEYS = {
    "feed", "code", "slug", "listing", "key", "sha256", "original_sha256", "proof_sha256", "body_hash", "digest", "token", "period", "format",
    "codename", "about", "query", "columns", "facts", "difference", "counts", "password", "username", "policy_version", "text_version", "trigger",
    "trigger_key", "indicator", "origin", "table_name", "series", "route",
}  # fmt: skip


class Page(HTMLParser):
    """What the browser would build: is there an element, an attribute or a script of ours?"""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if CANARY in tag:
            self.found.append(f"<{tag}>")
        for name, value in attrs:
            if CANARY in name or (
                name in {"href", "src", "action", "formaction"} and (value or "").strip().lower().startswith("javascript:")
            ):
                self.found.append(f"<{tag} {name}={value!r}>")

    handle_startendtag = handle_starttag


def written_by_people():
    for model in apps.get_models():
        if (
            model._meta.app_label in {"callcenter", "satisfaction", "recovery", "crm_audit", "reports"}
            and not model._meta.proxy
            and model._meta.managed
        ):
            for name in personal_data.text_columns(model):
                field = model._meta.get_field(name)
                if name not in KEYS and not isinstance(field, models.FileField | models.JSONField) and not field.unique:
                    yield model, field


def poison() -> int:
    """Markup into every column of text that the database lets us write; how many columns took it."""
    payloads, taken = list(MARKUP), 0
    random.Random(9).shuffle(payloads)
    for number, (model, field) in enumerate(written_by_people()):
        text = payloads[number % len(payloads)][: field.max_length or None] if not isinstance(field, ArrayField) else None
        value = [payloads[number % len(payloads)]] if text is None else text
        try:
            with transaction.atomic():
                taken += bool(model._base_manager.all().update(**{field.name: value}))
        except (DatabaseError, ValueError):
            continue
    return taken


NO_PAGE = {"account_logout", "privacy:file", "callcenter:evidence", "mfa_remove_webauthn", "mfa_edit_webauthn"}


def scene(north):
    """A row of everything that an address can name, and the addresses to ask for."""
    boss = UserFactory(is_superuser=True, is_staff=True)
    boss.groups.set(person(Role.CALL_CENTER_LEAD).groups.all())
    urls = []
    for address in every_address():
        if not address.access.public and address.name not in NO_PAGE:
            make = OBJECTS.get(address.name)
            urls.append(address.url(make(north, boss) if make else PLAIN.get(address.name, {})))
    return boss, urls


def visited(boss, urls):
    """(address, text) of every page of HTML or JSON that answers."""
    client = Client()
    for url in urls:
        client.force_login(boss)
        response = client.get(url)
        kind = response.headers.get("Content-Type", "")
        if not response.streaming and kind.startswith(("text/html", "application/json")):
            yield url, response.status_code, response.content.decode()
        for close in response._resource_closers:
            close()


def test_s6_no_page_takes_markup_for_its_own(north):
    boss, urls = scene(north)
    assert poison() > 110
    seen, shown, faults = 0, 0, []
    for url, status, text in visited(boss, urls):
        seen += 1
        shown += CANARY in text
        faults += [f"{url}: {fault}" for fault in Page(text).found] + ([f"{url}: 500"] if status == 500 else [])
    assert faults == []
    assert (seen > 110, shown > 60) == (True, True), (seen, shown)


def test_s6_without_escaping_the_same_visit_finds_it(north, monkeypatch):
    """The negative control."""
    boss, _ = scene(north)
    poison()
    monkeypatch.setattr(engines["django"].engine, "autoescape", False)
    (_, _, text), *_ = visited(boss, [reverse("callcenter:customer", args=[Customer.objects.first().pk])])
    assert Page(text).found != []


def test_s6_no_template_turns_the_escaping_off():
    root = matrix.__file__.rpartition("/tests/")[0]
    names = [path for engine in engines["django"].engine.dirs for path in engine.rglob("*.html")] if root else []
    assert len(names) > 100
    assert [path.name for path in names if re.search(r"\|\s*safe\b|autoescape off|\|\s*safeseq", path.read_text())] == []


# -- S7: every workbook ----------------------------------------------------------------------------------------------

STARTS = ("=", "+", "-", "@", "\t=", "\r=", "＝", " =", "'=", '"=', "=cmd|'/c calc'!A0", '=HYPERLINK("http://x","y")', "=1+1", "@SUM(1)", "-2+3",
          "http://evil.example/", "https://evil.example/?q=1", "mailto:a@b.example", "ftp://x", "file:///etc/passwd", "internal:Hoja1!A1",
          "external:c:\\x.xlsx", "<f>1</f>", "&lt;f&gt;", "_x0000_", "_x000B_", "\x0b=1", "\x00=1", "\ud83d=1", "{=1+1}")  # fmt: skip


def hostile_strings(count=300):
    pick = random.Random(7)
    return [
        pick.choice(STARTS) + "".join(chr(pick.choice((65, 34, 38, 60, 0x1F600, 0x202E, 10, 9, 241))) for _ in range(n % 7))
        for n in range(count)
    ]


STRINGS = hostile_strings()


def parts(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        return "".join(book.read(name).decode() for name in book.namelist() if name.startswith("xl/worksheets"))


def formulas(content: bytes) -> list[str]:
    return re.findall(r"<f[ >/]|<hyperlink[ >s/]", parts(content))


def values(content: bytes) -> list:
    return [
        cell.value
        for sheet in load_workbook(io.BytesIO(content)).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    ]


def of_list(strings):
    Customer.objects.all().delete()
    for number, text in enumerate(strings):
        made = CustomerFactory(sites=[])
        Customer.objects.filter(pk=made.pk).update(city=clean(text)[:60], name=f"Cliente {number:03}")
    work = ListExport.objects.create(listing="clientes", columns=["name", "city"], requested_by=UserFactory(is_superuser=True))
    exports.run(work)
    with work.file.open("rb") as file:
        return file.read()


def of_rejects(strings):
    batch = ImportBatch.objects.create(
        feed="proactive", name="x.csv", sha256="x", size=1, status="CHECKED", about={"columns": [{"title": strings[0]}]}
    )
    ImportRow.objects.bulk_create(
        [ImportRow(batch=batch, number=n, status="REJECTED", code="NO_NAME", message=clean(text), value=clean(text), raw=[clean(text)])
         for n, text in enumerate(strings)]
    )  # fmt: skip
    return rejects.workbook(batch).getvalue()


def of_rejects_as_stored(strings):
    """Raw cells as PostgreSQL can hold them: without NUL and lone surrogates, with every other control."""
    batch = ImportBatch.objects.create(feed="proactive", name="x.csv", sha256="x", size=1, status="CHECKED", about={"columns": []})
    raw = [re.sub("[\x00\ud800-\udfff]", "", text) for text in strings]
    ImportRow.objects.bulk_create(
        [ImportRow(batch=batch, number=n, status="REJECTED", code="NO_NAME", message="x", raw=[text]) for n, text in enumerate(raw)]
    )
    return rejects.workbook(batch).getvalue()


def of_report(strings):
    data = BY_CODE["GSC-FOR-09"].dataset(Request(Month(2026, 11)), at=MONDAY)
    return xlsx.with_texts(xlsx.workbook(data), [("Análisis", text) for text in strings])


def of_redacted(strings):
    """An edition after somebody in it was erased: read and written again."""
    book = of_report([*strings, "Zoila Canaria"])
    return frozen.without(book, ["zoila canaria"])


@pytest.mark.parametrize("make", [of_list, of_rejects, of_rejects_as_stored, of_report, of_redacted], ids=lambda make: make.__name__)
def test_s7_no_cell_is_a_formula_or_a_link(make):
    content = make(STRINGS)
    assert formulas(content) == []
    found = values(content)
    assert all(isinstance(value, str | int | float) or hasattr(value, "year") for value in found)
    assert not any(value == "Zoila Canaria" for value in found)


def test_s7_a_workbook_gives_back_what_was_written():
    kept = [clean(text) for text in STRINGS if "\r" not in text and "_x0" not in text]
    found = values(of_report(kept))
    assert [text for text in kept if text.strip() and text not in found] == []


def test_s7_written_as_openpyxl_would_it_is_a_formula():
    """The negative control."""
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    book.active.append([text for text in STRINGS if text == clean(text)])
    book.save(out)
    assert formulas(out.getvalue()) != []


# -- the PDF and the mail --------------------------------------------------------------------------------------------


def test_s6_the_page_of_a_pdf_escapes_too(north, agent, cal):
    OBJECTS["callcenter:evidence"](north, agent)
    poison()
    for code in sorted(BY_CODE):
        data = BY_CODE[code].dataset(Request(Month(2026, 11)), at=MONDAY)
        assert Page(pdf.with_texts(pdf.html(data), [(text, text) for text in MARKUP])).found == [], code


def test_s13_no_name_breaks_into_the_headers_of_a_mail(mailoutbox):
    pick = random.Random(3)
    pieces = (
        "Ana",
        "\r\nBcc: x@evil.example",
        "\nSubject: otro",
        "\r",
        "\x00",
        "=?utf-8?q?x?=",
        "ñ",
        "\u2028Bcc: y",
        "🚗",
        '"',
        "<x@y>",
        ",",
        ";",
        "\x0b",
        "\ud800",
    )
    subjects = ["".join(pick.choice(pieces) for _ in range(6)) for _ in range(200)]
    for number, subject in enumerate(subjects):
        mail.post(f"s13-{number}", ["a@carrazos.example"], subject, f"Hola {clean(subject)}")
    while tasks.run_one():
        pass
    assert len(mailoutbox) == 200
    for sent in mailoutbox:
        read = message_from_bytes(sent.message().as_bytes(), policy=mail_policy)
        assert set(read.keys()) == {
            "Content-Type",
            "Content-Transfer-Encoding",
            "MIME-Version",
            "Subject",
            "From",
            "To",
            "Date",
            "Message-ID",
        }
        assert read["To"] == "a@carrazos.example"
        assert sent.recipients() == ["a@carrazos.example"]
    assert connection.is_usable()
