"""F15, F17: the disk fills up, a process dies while writing: a file is whole or not there, and nothing is left lying about."""

import errno
import os
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from callcenter import tasks
from callcenter.domain import orphans
from callcenter.models import ImportBatch, Mail
from carrazos import storage
from reports.models import ReportRun
from tests.callcenter.spiga.files import csv_bytes, row
from tests.factories import UserFactory
from tests.security.addresses import report_run

WHOLE = bytes(range(256)) * 1_000


def fill_up(monkeypatch, room):
    """From now on every file that is opened for writing has room for `room` bytes."""
    real = Path.open

    def small(path, mode="r", *more, **named):
        file = real(path, mode, *more, **named)
        if "x" not in mode or path.suffix != storage.PART:
            return file
        written = file.write

        class Full:
            def __enter__(self):
                return self

            def __exit__(self, *_):
                file.close()

            def __getattr__(self, name):
                return getattr(file, name)

            def write(self, data):
                if file.tell() + len(data) > room:
                    written(data[: max(0, room - file.tell())])
                    raise OSError(errno.ENOSPC, "No space left on device")
                return written(data)

        return Full()

    monkeypatch.setattr(Path, "open", small)


def lying_about(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


@pytest.mark.parametrize("room", [n * len(WHOLE) // 20 for n in range(20)])
def test_f15_a_full_disk_leaves_no_file_and_a_later_one_is_whole(tmp_path, monkeypatch, room):
    store = storage.WholeFiles(location=tmp_path)
    with monkeypatch.context() as patch:
        fill_up(patch, room)
        with pytest.raises(OSError, match="No space left"):
            store.save("carpeta/a.bin", ContentFile(WHOLE))
    assert lying_about(tmp_path) == []
    name = store.save("carpeta/a.bin", ContentFile(WHOLE))
    assert (name, (tmp_path / name).read_bytes()) == ("carpeta/a.bin", WHOLE)


class CutShort(ContentFile):
    """Content whose writing fails after a hundred bytes."""

    def chunks(self, chunk_size=None):
        yield WHOLE[:100]
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize(
    ("kind", "left"), [(storage.WholeFiles, []), (FileSystemStorage, [100])], ids=["ours", "django's: the negative control"]
)
def test_f15_what_is_left_after_a_cut_write(tmp_path, kind, left):
    with pytest.raises(OSError, match="No space left"):
        kind(location=tmp_path).save("a.bin", CutShort(WHOLE))
    assert [path.stat().st_size for path in lying_about(tmp_path)] == left


@pytest.mark.django_db
@pytest.mark.usefixtures("monday", "north")
def test_f15_the_person_reads_what_happened_and_the_next_upload_works(agent, monkeypatch):
    client = Client(raise_request_exception=False)
    client.force_login(agent)

    def upload():
        form = {"feed": "proactive", "has_authorisation": "on", "file": SimpleUploadedFile("a.csv", csv_bytes([row()]))}
        return client.post(reverse("callcenter:import_file"), form)

    with monkeypatch.context() as patch:
        fill_up(patch, 10)
        answer = upload()
    assert (answer.status_code, "No cabe en el disco" in answer.content.decode()) == (507, True)
    assert not ImportBatch.objects.exists()
    assert upload().status_code == 302
    assert ImportBatch.objects.count() == 1


# -- what nobody speaks of -------------------------------------------------------------------------------------------


def stored(name: str, *, age: timedelta = timedelta(days=2)) -> str:
    made = default_storage.save(name, ContentFile(b"x"))
    when = (timezone.now() - age).timestamp()
    os.utime(default_storage.path(made), (when, when))
    return made


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
def test_f17_what_a_dead_job_left_goes_and_what_a_row_names_stays(north):
    orphan, half, young = (
        stored(f"reports/{uuid.uuid4().hex}.xlsx"),
        stored(f"reports/.{uuid.uuid4().hex}.part"),
        stored("reports/y.xlsx", age=timedelta(hours=1)),
    )
    attached, kept = stored(f"letters/{uuid.uuid4().hex}.pdf"), stored(f"evidence/{uuid.uuid4().hex}.jpg")
    Mail.objects.create(key="x", to=["a@carrazos.example"], subject="x", body="x", files=[["carta.pdf", attached, "application/pdf"]])
    run = ReportRun.objects.get(pk=report_run(north, UserFactory())["pk"])
    ReportRun.objects.filter(pk=run.pk).update(file=kept)
    assert orphans.sweep(timezone.now()) >= 2
    assert [default_storage.exists(name) for name in (orphan, half, young, attached, kept)] == [False, False, True, True, True]


@pytest.mark.django_db
@pytest.mark.usefixtures("monday")
@pytest.mark.parametrize("point", ["build", "workbook", "save", "finish"])
def test_f17_a_report_that_dies_anywhere_leaves_the_old_one_and_no_row_of_the_new(point, monkeypatch, north):
    """Killed at each step: the finished report stays as it was, the broken one says nothing, a later try is whole."""
    person = UserFactory(is_superuser=True)
    old = ReportRun.objects.get(pk=report_run(north, person)["pk"])
    row = ReportRun.objects.create(code="GSC-FOR-09", period="2026-10", format="xlsx", requested_by=person)
    places = {"build": "reports.domain.runs.compose", "workbook": "reports.render.xlsx.workbook", "save": "carrazos.storage.os.fsync",
              "finish": "callcenter.models.work.Work.finish"}  # fmt: skip

    def dies(*_args, **_named):
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(places[point], dies)
        with pytest.raises(SystemExit):
            tasks.run_one()
    row.refresh_from_db()
    assert (row.work_state, row.file.name, row.sha256) == ("RUNNING", "", "")
    old.refresh_from_db()
    assert (old.work_state, default_storage.exists(old.file.name)) == ("DONE", True)
    ReportRun.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    while tasks.run_one():
        pass
    row.refresh_from_db()
    assert (row.work_state, row.attempts, default_storage.exists(row.file.name)) == ("DONE", 2, True)
