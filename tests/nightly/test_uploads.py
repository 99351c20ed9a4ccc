"""S8 through the door that people use: three hundred damaged files uploaded, each answered, read by a job, and said in Spanish."""

import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from callcenter import tasks
from callcenter.enums import BatchStatus, WorkState
from callcenter.models import ImportBatch
from tests.callcenter.spiga import hostile

FILES, SECONDS = 300, 10


@pytest.mark.django_db
@pytest.mark.usefixtures("monday", "north")
def test_s8_three_hundred_damaged_uploads(agent, figure):
    client, codes, slowest = Client(raise_request_exception=False), set(), 0.0
    client.force_login(agent)
    for number, data in enumerate(hostile.fuzzed(FILES, seed=8)):
        form = {"feed": "proactive", "has_authorisation": "on", "file": SimpleUploadedFile(f"lista {number}.xlsx", data)}
        start = time.perf_counter()
        answer = client.post(reverse("callcenter:import_file"), form)
        while tasks.run_one():
            pass
        slowest = max(slowest, time.perf_counter() - start)
        codes.add(answer.status_code)
    batches = ImportBatch.objects.all()
    unreadable = batches.filter(status=BatchStatus.UNREADABLE)
    figure("S8", f"respuestas a {FILES} archivos dañados que se subieron", ", ".join(map(str, sorted(codes))))
    figure("S8", "quedaron como ilegibles con su motivo / de otro modo", f"{unreadable.count()} / {batches.count() - unreadable.count()}")
    figure("S8", "el más lento, s", f"{slowest:.1f}")
    assert codes <= {302, 422}
    assert not batches.filter(work_state=WorkState.FAILED).exclude(status=BatchStatus.UNREADABLE).exists()
    assert all(row.error.endswith(".") for row in unreadable)
    assert slowest < SECONDS
