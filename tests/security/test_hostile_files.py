"""S9, S10, S11: pictures, names and pages that somebody made to harm; and no file leaves without a line in the log (S18)."""

import hashlib
import http.server
import io
import random
import struct
import threading
import uuid
import zlib
from email.message import Message as Headers
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.urls import reverse
from hypothesis import HealthCheck, example, given
from hypothesis import settings as pace
from hypothesis import strategies as st
from PIL import Image

from callcenter.domain.errors import Refused
from callcenter.domain.evidence import MAX_SIDE, clean_picture
from callcenter.models import Access, AccessLog, Authorisation, ImportBatch
from callcenter.roles import Role
from reports.render import pdf
from tests.callcenter.spiga.files import csv_bytes, row
from tests.conftest import person
from tests.factories import UserFactory
from tests.security.addresses import OBJECTS, customer_privacy, every_address

# -- S9: pictures ----------------------------------------------------------------------------------------------------

CANARY = b"canario-oculto"


def drawn(mode="RGB", size=(64, 48), kind="JPEG", **save) -> bytes:
    out = io.BytesIO()
    colour = {"RGB": "red", "RGBA": (1, 2, 3, 4), "CMYK": (1, 2, 3, 4), "L": 7, "P": 3, "I;16": 900, "1": 1, "LA": (3, 4)}[mode]
    Image.new(mode, size, colour).save(out, kind, **save)
    return out.getvalue()


def with_place() -> bytes:
    """A photograph that says where it was taken and by whom."""
    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = CANARY.decode(), CANARY.decode()
    exif.get_ifd(0x8825).update({1: "N", 2: (4.0, 35.0, 56.0), 3: "W", 4: (74.0, 4.0, 51.0)})
    return drawn(exif=exif, comment=CANARY, icc_profile=CANARY * 20)


def png_of(width: int, height: int) -> bytes:
    """A PNG that claims any size and holds next to nothing."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


def animated() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), (n, 0, 0)) for n in range(3)]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


TAKEN = {
    "with a place": with_place(),
    "jpeg and a page after it": drawn() + b"<script>" + CANARY + b"</script>",
    "jpeg and a zip after it": drawn() + b"PK\x03\x04" + CANARY,
    "jpeg and a php after it": drawn() + b"<?php " + CANARY,
    "cmyk": drawn("CMYK"),
    "grey": drawn("L"),
    "transparent": drawn("RGBA", kind="PNG"),
    "palette": drawn("P", kind="PNG"),
    "sixteen bits": drawn("I;16", kind="PNG"),
    "one bit": drawn("1", kind="PNG"),
    "grey and alpha": drawn("LA", kind="PNG"),
    "webp": drawn(kind="WEBP"),
    "animated": animated(),
    "large": drawn(size=(4_000, 3_000)),
    "narrow": drawn(size=(1, 20_000), kind="PNG"),
}
REFUSED = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": b"<html><script>alert(1)</script>",
    "gif": drawn("P", kind="GIF"),
    "bmp": drawn(kind="BMP"),
    "tiff": drawn(kind="TIFF"),
    "pdf": b"%PDF-1.7\n1 0 obj",
    "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n(x) run",
    "bomb by area": png_of(60_000, 60_000),
    "bomb by side": png_of(13_000, 13_000),
    "one too many": png_of(5_001, 5_000),
    "nothing": b"",
    "half a jpeg": drawn()[:300],
    "only the magic": b"\xff\xd8\xff\xe0",
    "too heavy": b"\xff\xd8" + b"\0" * (8 * 1024 * 1024),
}


@pytest.mark.parametrize("name", TAKEN)
def test_s9_a_picture_is_kept_as_nothing_but_a_picture(name):
    data = TAKEN[name]
    kept = clean_picture(data)
    assert CANARY not in kept.data
    with Image.open(io.BytesIO(kept.data)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert max(image.size) <= MAX_SIDE
        assert dict(image.getexif()) == {}
        assert not set(image.info) - {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert kept.data.endswith(b"\xff\xd9")
    assert kept.original_sha256 == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("name", REFUSED)
def test_s9_what_is_no_picture_is_refused_in_words(name):
    with pytest.raises(Refused) as refusal:
        clean_picture(REFUSED[name])
    assert str(refusal.value).endswith(".")


def test_s9_three_hundred_damaged_pictures_are_taken_or_refused():
    pick, whole = random.Random(9), list(TAKEN.values())[:13]
    for number in range(300):
        data = bytearray(whole[number % len(whole)])
        for _ in range(pick.randrange(1, 9)):
            data[pick.randrange(len(data))] = pick.randrange(256)
        try:
            kept = clean_picture(bytes(data[: pick.randrange(20, len(data) + 1)]))
        except Refused:
            continue
        assert kept.data.startswith(b"\xff\xd8")


def test_s9_saved_again_as_it_is_a_picture_keeps_what_it_hides():
    """The negative control: a plain re-save keeps the comment and the place."""
    out = io.BytesIO()
    with Image.open(io.BytesIO(with_place())) as image:
        image.save(out, "JPEG", exif=image.getexif())
    assert CANARY in out.getvalue()


# -- S10: names ------------------------------------------------------------------------------------------------------

NAMES = ["../../etc/passwd", "..\\..\\x.xlsx", "/etc/passwd", "C:\\x.csv", "a\x00.csv", "\u202egpj.exe", "x" * 400 + ".csv", "con.csv", "a/b/c.csv",
         "%2e%2e%2fx", "x.csv\r\nSet-Cookie: a=b", '"; filename="x.html', "ñandú 🚗.csv", ".htaccess", "x.php.csv", " ", "a\ud800.csv", "~/.ssh/id"]  # fmt: skip


def file_fields():
    return [
        (model, field) for model in apps.get_models() if model._meta.app_label in {"callcenter", "satisfaction", "recovery", "crm_audit", "reports"}
        for field in model._meta.concrete_fields if isinstance(field, models.FileField)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "field"), file_fields(), ids=lambda part: getattr(part, "name", part.__name__ if isinstance(part, type) else None)
)
def test_s10_a_stored_name_never_comes_from_a_person(model, field):
    for name in NAMES:
        # Some files are named by our own code only: their rows never see the name of an upload.
        ours = model.__name__ == "Letter" or field.name in {"workbook", "pdf", "page", "proof"}
        made = field.generate_filename(
            model(**{"format": "pdf"} if model.__name__ == "ReportRun" else {}), f"{uuid.uuid4().hex}.pdf" if ours else name
        )
        path = (Path(settings.MEDIA_ROOT) / made).resolve()
        assert path.is_relative_to(Path(settings.MEDIA_ROOT).resolve())
        uuid.UUID(path.stem)
        assert path.suffix in {"", ".jpg", ".pdf", ".xlsx", ".html"}


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize("name", NAMES)
def test_s10_an_upload_under_any_name_is_answered_and_stays_inside(client, agent, north, name):
    client.force_login(agent)
    before = set(Path(settings.MEDIA_ROOT).rglob("*"))
    file = SimpleUploadedFile("x", csv_bytes([row()]))
    file._name = name.encode("utf-8", "replace").decode()
    answer = client.post(reverse("callcenter:import_file"), {"feed": "proactive", "file": file, "has_authorisation": "on"})
    assert answer.status_code == 302
    for made in set(Path(settings.MEDIA_ROOT).rglob("*")) - before:
        assert made.is_dir() or uuid.UUID(made.stem)
    for batch in ImportBatch.objects.all():
        assert "\n" not in batch.name
        assert "\u202e" not in batch.name
        assert client.get(reverse("callcenter:import", args=[batch.pk]), follow=True).status_code == 200


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
@pace(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120).filter(lambda text: "\x00" not in text))
@example(name="\n")
def test_s10_the_name_of_a_download_parses(client, north, name):
    action = OBJECTS["reports:action_evidence"](north, UserFactory())["pk"]
    apps.get_model("reports.ActionEvidence").objects.filter(pk=action).update(name=name)
    boss = UserFactory(is_superuser=True)
    client.force_login(boss)
    answer = client.get(reverse("reports:action_evidence", args=[action]))
    for close in answer._resource_closers:
        close()
    headers = Headers()
    headers["Content-Disposition"] = answer.headers["Content-Disposition"]
    assert headers.get_content_disposition() == "attachment"
    assert "\n" not in answer.headers["Content-Disposition"]


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_s10_a_proof_gets_our_extension_whatever_its_name(client, north):
    client.force_login(person(Role.CALL_CENTER_LEAD))
    pk = customer_privacy(north, None)["pk"]
    form = {"purpose": "SURVEY", "source": "FORM", "text_version": "v1", "granted_on": "2026-11-20"}
    client.post(reverse("privacy:authorise", args=[pk]), form | {"proof": SimpleUploadedFile("x.html", b"%PDF-1.7 x")})
    assert not Authorisation.objects.exists()
    client.post(reverse("privacy:authorise", args=[pk]), form | {"proof": SimpleUploadedFile("x.html.pdf", b"%PDF-1.7 x")})
    assert Path(Authorisation.objects.get().proof.name).suffix == ".pdf"


# -- S18: no file without a line -------------------------------------------------------------------------------------

NOBODYS = {"callcenter:import_template", "callcenter:campaign_image", "callcenter:message_picture"}  # no person's data in them


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_s18_every_file_that_leaves_is_written_down(client, north):
    boss = UserFactory(is_superuser=True)
    boss.groups.set(person(Role.CALL_CENTER_LEAD).groups.all())
    left = set()
    for address in every_address():
        make = OBJECTS.get(address.name)
        if address.access.public or make is None:
            continue
        client.force_login(boss)
        url = address.url(make(north, boss))
        AccessLog.objects.all().delete()
        answer = client.get(url)
        if answer.streaming:
            left.add(address.name)
            assert AccessLog.objects.filter(user=boss, action__in=Access.values).count() == 1 or address.name in NOBODYS, address.name
            assert answer.headers["Cache-Control"] == "no-store", address.name
        for close in answer._resource_closers:
            close()
    assert left >= {"callcenter:evidence", "callcenter:export_file", "privacy:file", "privacy:proof", "reports:download", "reports:edition_file",
                    "reports:action_evidence", "satisfaction:proof", "satisfaction:pqrs_file", "satisfaction:letter"}  # fmt: skip


# -- S11: what a PDF reaches -----------------------------------------------------------------------------------------


@pytest.fixture
def canary_server():
    """A server that remembers who asked; `/redirect` leads to itself."""
    asked = []

    class Ear(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(302 if self.path == "/redirect" else 200)
            self.send_header("Location", "/after")
            self.end_headers()

        def log_message(self, *_):
            return None

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Ear)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", asked
    server.shutdown()
    server.server_close()
    thread.join()


def vectors(place: str, secret: Path) -> list[str]:
    svg = f"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink'><image xlink:href='http://{place}/svg' width='9' height='9'/></svg>"
    return [
        f'<link rel="attachment" href="file://{secret}">',
        f'<a rel="attachment" href="file://{secret}">x</a>',
        f'<img src="http://{place}/img">',
        f'<img src="//{place}/protocol">',
        f'<img src="FILE://{secret}">',
        f'<img src="ftp://{place}/ftp">',
        f'<img src="http://{place}/redirect">',
        f'<link rel="stylesheet" href="http://{place}/css">',
        f"<style>@import url(http://{place}/import); body {{ background: url(http://{place}/background) }}</style>",
        f"<style>@font-face {{ font-family: x; src: url(http://{place}/font) }} p {{ font-family: x }}</style><p>x</p>",
        f'<object data="http://{place}/object"></object><embed src="http://{place}/embed"><iframe src="http://{place}/frame"></iframe>',
        f'<img src="data:image/svg+xml,{svg}">{svg}',
    ]


def test_s11_a_pdf_reaches_neither_files_nor_the_network(canary_server, tmp_path):
    place, asked = canary_server
    secret = tmp_path / "secreto.txt"
    secret.write_text("canario-del-disco")
    found = vectors(place, secret)
    assert len(found) == 12
    content = pdf.draw(f"<html lang=es><head><title>x</title></head><body><p>visible</p>{''.join(found)}</body></html>")
    assert asked == []
    assert b"EmbeddedFile" not in content
    assert not any(b"canario-del-disco" in piece for piece in inflated(content))


def inflated(content: bytes):
    yield content
    for part in content.split(b"stream\n")[1:]:
        try:
            yield zlib.decompressobj().decompress(part)
        except zlib.error:
            continue


def test_s11_with_the_usual_fetcher_the_same_page_reaches_both(canary_server, tmp_path):
    """The negative control: WeasyPrint as it comes asks the server and embeds the file."""
    import weasyprint

    place, asked = canary_server
    secret = tmp_path / "secreto.txt"
    secret.write_text("canario-del-disco")
    content = weasyprint.HTML(string="".join(vectors(place, secret))).write_pdf()
    assert {"/img", "/css"} <= set(asked)
    assert any(b"canario-del-disco" in piece for piece in inflated(content))
