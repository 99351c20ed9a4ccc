"""The import centre's pages: each step an address, corrections, and whose file it is."""

import io
import re
import zipfile
from datetime import timedelta
from html.parser import HTMLParser

import pytest
from django.contrib.messages import get_messages
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from callcenter import tasks
from callcenter.enums import BatchStatus
from callcenter.models import ColumnAlias, ImportBatch, Outreach
from callcenter.roles import Role
from callcenter.spiga import corrections
from callcenter.spiga.columns import ADDED
from callcenter.views import imports
from tests.callcenter.spiga.files import csv_bytes, row, xlsx_bytes
from tests.callcenter.spiga.test_wizard import STRANGE
from tests.conftest import person, query_count
from tests.factories import MONDAY, BrandFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday", "north")]
HTMX = {"HTTP_HX_REQUEST": "true"}


def as_(client, user):
    client.force_login(user)
    return client


def page(response):
    return re.sub(r"\s+", " ", response.content.decode())


def upload(client, data, name="avisos.csv", **more):
    file = SimpleUploadedFile(name, data)
    return client.post("/importaciones/nueva/", {"feed": "proactive", "file": file, "has_authorisation": "on", **more})


def jobs():
    while tasks.run_one():
        pass


def checked(client, user, rows):
    """A file of one's own that waits at the review."""
    upload(as_(client, user), csv_bytes(rows))
    jobs()
    return ImportBatch.objects.latest("pk")


def at(batch, step=""):
    return f"/importaciones/{batch.pk}/{step}"


def test_file_review_apply_result(client, agent):
    response = upload(as_(client, agent), csv_bytes([row(101), row(102, phone="1234567")]))
    batch = ImportBatch.objects.get()
    assert response.url == at(batch)
    assert client.get(response.url).url == at(batch, "revision/")
    assert "en cola" in page(client.get(at(batch, "revision/")))
    jobs()
    text = page(client.get(at(batch, "revision/")))
    assert "Nada se ha escrito todavía" in text
    assert 'value="1234567"' in text
    text = page(client.get(at(batch, "aplicar/")))
    assert "Se crearán <strong>1</strong> gestiones." in text
    assert "Quedarán <strong>1</strong> gestiones por llamar" in text
    assert "las llamará 1 persona del call center" in text
    assert "Importar las válidas (1) y dejar 1 pendiente" in text
    assert client.post(at(batch, "aplicar/")).url == at(batch)
    assert client.get(at(batch)).url == at(batch, "resultado/")
    jobs()
    text = page(client.get(at(batch, "resultado/")))
    assert "Aplicado" in text
    assert "Reintentar las pendientes" in text
    assert Outreach.objects.count() == 1


def test_a_step_that_is_over_leads_to_the_one_that_is_on(client, agent):
    batch = checked(client, agent, [row(101)])
    assert client.get(at(batch, "resultado/")).url == at(batch, "revision/")
    client.post(at(batch, "aplicar/"))
    for step in ("columnas/", "revision/", "aplicar/"):
        assert client.get(at(batch, step)).url == at(batch, "resultado/")


def test_the_card_asks_while_work_runs_and_moves_on_by_itself(client, agent):
    upload(as_(client, agent), STRANGE)
    batch = ImportBatch.objects.get()
    assert "hx-get" in page(client.get(at(batch, "revision/"), **HTMX))
    jobs()
    assert client.get(at(batch, "revision/"), **HTMX)["HX-Redirect"] == at(batch, "columnas/")


def test_columns_are_asked_shown_with_samples_and_remembered(client, agent):
    upload(as_(client, agent), STRANGE)
    jobs()
    batch = ImportBatch.objects.get()
    text = page(client.get(at(batch, "columnas/")))
    assert "Falta decir qué columna es" in text
    assert "Móvil del señor" in text
    assert "3005550101" in text
    response = client.post(at(batch, "columnas/"), {"column-2": "customer_name"}, follow=True)
    assert "Todavía falta decir cuál columna es: Placa o VIN" in page(response)
    assert not ColumnAlias.objects.exists()
    chosen = {
        "column-0": "branch",
        "column-1": "due_on",
        "column-2": "customer_name",
        "column-3": "mobile",
        "column-4": "plate",
        "column-5": "reason",
    }
    client.post(at(batch, "columnas/"), chosen)
    jobs()
    batch.refresh_from_db()
    assert (batch.status, batch.counts["created"]) == (BatchStatus.CHECKED, 1)
    assert ColumnAlias.objects.count() == 6


def test_an_invented_field_is_no_answer(client, agent):
    batch = checked(client, agent, [row(101)])
    assert client.post(at(batch, "columnas/"), {"column-0": "is_superuser"}).status_code == 404


def test_a_cell_is_mended_in_the_grid(client, agent):
    batch = checked(client, agent, [row(101), row(102, phone="1234567")])
    bad = batch.rows.get(status="REJECTED")
    place = corrections.position_of(bad, batch)
    text = page(client.get(at(batch, "revision/")))
    assert f'name="cell-{bad.number}-{place}"' in text
    client.post(at(batch, "corregir/"), {f"cell-{bad.number}-{place}": "3005550102", "cell-9999-1": "x", "cell-x-y": "z"})
    jobs()
    batch.refresh_from_db()
    assert (batch.counts["created"], batch.counts["rejected"], batch.edits.count()) == (2, {}, 1)


def test_cells_that_did_not_change_are_no_corrections(client, agent):
    batch = checked(client, agent, [row(101, phone="1234567")])
    bad = batch.rows.get(status="REJECTED")
    client.post(at(batch, "corregir/"), {f"cell-{bad.number}-{corrections.position_of(bad, batch)}": "1234567"})
    batch.refresh_from_db()
    assert (batch.status, batch.edits.count()) == (BatchStatus.CHECKED, 0)


def test_a_whole_row_is_mended(client, agent):
    batch = checked(client, agent, [row(101, plate="", vin="")])
    number = batch.rows.get(status="REJECTED").number
    text = page(client.get(at(batch, f"fila/{number}/")))
    assert "Falta la placa o el VIN" in text
    title = next(index for index, column in enumerate(batch.about["columns"]) if column["title"] == "Placa")
    client.post(at(batch, f"fila/{number}/"), {f"cell-{number}-{title}": "ZZA101"})
    jobs()
    batch.refresh_from_db()
    assert batch.counts["created"] == 1


class Form(HTMLParser):
    """What a browser sends back of a page's cells: an `input` has no line breaks, a box has them as CR LF."""

    def __init__(self, response):
        super().__init__()
        self.cells, self.box = {}, ""
        self.feed(response.content.decode())

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.box = found.get("name", "") if tag == "textarea" else ""
        if found.get("name", "").startswith("cell-"):
            self.cells[found["name"]] = "" if self.box else found.get("value", "").replace("\n", "")

    def handle_data(self, data):
        if self.box.startswith("cell-"):
            self.cells[self.box] += data.removeprefix("\n").replace("\n", "\r\n")

    def handle_endtag(self, tag):
        self.box = ""


NOTE = "Prefiere la tarde\n  y que le escriban  antes" + " de ir" * 120


def test_saving_a_row_keeps_the_cells_that_nobody_touched_as_they_are(client, agent):
    upload(as_(client, agent), xlsx_bytes([row(101, plate="", vin="", note=NOTE, name="PÉREZ  RUIZ\nANA")]), name="avisos.xlsx")
    jobs()
    batch = ImportBatch.objects.get()
    number = batch.rows.get(status="REJECTED").number
    cells = Form(client.get(at(batch, f"fila/{number}/"))).cells
    assert len(cells) == len(batch.about["columns"])
    assert "No cambió ninguna celda" in page(client.post(at(batch, f"fila/{number}/"), cells, follow=True))
    place = {column["title"]: index for index, column in enumerate(batch.about["columns"])}
    changed = {f"cell-{number}-{place['Placa']}": "ZZA101", f"cell-{number}-{place['Observaciones']}": f"{NOTE}.".replace("\n", "\r\n")}
    client.post(at(batch, f"fila/{number}/"), cells | changed)
    assert dict(batch.edits.values_list("position", "value")) == {place["Placa"]: "ZZA101", place["Observaciones"]: f"{NOTE}."}
    jobs()
    batch.refresh_from_db()
    assert batch.counts["created"] == 1


def test_a_cell_that_no_workbook_could_hold_is_refused_and_not_cut(client, agent):
    batch = checked(client, agent, [row(101, phone="1234567")])
    response = client.post(at(batch, "corregir/"), {"cell-3-17": "x" * 32_768}, follow=True)
    assert "Una celda no puede tener más de 32.767 caracteres: acórtela." in page(response)
    assert not batch.edits.exists()


def test_a_rule_is_offered_for_the_group_and_mends_it(client, agent):
    batch = checked(client, agent, [row(101, site="OESTE"), row(102, site="OESTE")])
    text = page(client.get(at(batch, "revision/")))
    assert "Es de la sede (2 filas)" in text
    response = client.post(
        at(batch, "regla/"), {"status": "REJECTED", "code": "UNKNOWN_SITE", "rule": "site", "argument": "Sede Norte"}, follow=True
    )
    assert "Se corrigieron 2 filas" in page(response)
    jobs()
    batch.refresh_from_db()
    assert batch.counts["created"] == 2


def test_a_rule_that_does_not_fit_is_told(client, agent):
    batch = checked(client, agent, [row(101, site="OESTE")])
    response = client.post(at(batch, "regla/"), {"status": "REJECTED", "code": "UNKNOWN_SITE", "rule": "vin"}, follow=True)
    assert "no corresponde a este grupo" in page(response)


def test_a_large_group_has_its_pages(client, agent):
    batch = checked(client, agent, [row(101 + number, phone=str(1000 + number)) for number in range(120)])
    assert "Ver las 120" in page(client.get(at(batch, "revision/")))
    assert "Página 1 de 2" in page(client.get(at(batch, "revision/REJECTED/BAD_PHONE/")))
    assert client.get(at(batch, "revision/REJECTED/NADA/")).status_code == 404


def test_pending_rows_go_again_from_the_result(client, agent):
    batch = checked(client, agent, [row(101), row(102, phone="1234567")])
    client.post(at(batch, "aplicar/"))
    jobs()
    client.post(at(batch, "reintentar/"))
    again = ImportBatch.objects.latest("pk")
    jobs()
    text = page(client.get(at(again, "revision/")))
    assert "Reintento de las filas pendientes" in text
    assert "filas pendientes" in text
    assert "Reintento del" in page(client.get(at(batch, "resultado/")))


def test_rows_that_a_retry_brought_in_are_pending_on_no_page(client, agent):
    batch = checked(client, agent, [row(101), row(102, phone="1234567"), row(103, phone="12")])
    client.post(at(batch, "aplicar/"))
    jobs()
    first = batch.rows.filter(status="REJECTED").first()
    cell = f"cell-{first.number}-{corrections.position_of(first, batch)}"
    assert cell in page(client.get(at(batch, "resultado/")))
    client.post(at(batch, "corregir/"), {cell: "3005550102"})
    jobs()
    again = ImportBatch.objects.latest("pk")
    client.post(at(again, "aplicar/"))
    jobs()
    text = page(client.get(at(batch, "resultado/")))
    assert f'De 2 que no entraron queda 1: corríjala en <a href="{at(again)}">el último reintento</a>' in text
    assert cell not in text
    assert [f"Rechazadas: {number}" in text for number in (1, 2)] == [True, False]
    assert page(client.get(at(batch, "revision/REJECTED/BAD_PHONE/"))).count("PÉREZ RUIZ") == 1
    assert [line[0] for line in left_out(client, batch)[1:]] == ["5"]
    assert "Esas filas ya entraron en un reintento" in page(client.post(at(batch, "corregir/"), {cell: "3005550109"}, follow=True))
    client.post(at(batch, "reintentar/"))
    last = ImportBatch.objects.latest("pk")
    jobs()
    last.refresh_from_db()
    assert (last.retry_of, last.counts["read"], last.counts["rejected"]) == (again, 1, {"BAD_PHONE": 1})
    third = last.rows.get(status="REJECTED")
    client.post(at(last, "corregir/"), {f"cell-{third.number}-{corrections.position_of(third, last)}": "3005550103"})
    jobs()
    client.post(at(last, "aplicar/"))
    jobs()
    text = page(client.get(at(batch, "resultado/")))
    told = ("Ya no queda ninguna", "Reintentar las pendientes", "Todas las filas están limpias")
    assert [words in text for words in told] == [True, False, False]
    assert "No quedan filas pendientes" in page(client.post(at(batch, "reintentar/"), follow=True))
    assert Outreach.objects.count() == 3


def test_old_and_new_values_are_shown(client, agent):
    client.post(at(checked(client, agent, [row(101, km="18.900")]), "aplicar/"))
    jobs()
    text = page(client.get(at(checked(client, agent, [row(101, km="21.000")]), "revision/")))
    assert "Qué cambia de lo que ya estaba" in text
    assert re.search(r"Kilómetros</td><td[^>]*>18\.900</td><td[^>]*><strong>21\.000", text)


def test_every_change_is_shown_page_by_page_with_whose_it_is(client, agent, monkeypatch):
    client.post(at(checked(client, agent, [row(101)]), "aplicar/"))
    jobs()
    batch = checked(client, agent, [row(101, phone="3005550199", km="21.000")])
    monkeypatch.setattr(imports, "ROWS_A_PAGE", 1)
    everything = at(batch, "revision/UPDATED/UPDATED/")
    told = [
        re.findall(r"<td>([^<]*)</td><td>(Kilómetros|Teléfono)</td>", page(client.get(f"{everything}?page={number}"))) for number in (1, 2)
    ]
    assert told == [[("ZZA101", "Kilómetros")], [("Pérez Ruiz Persona X", "Teléfono")]]
    fresh = checked(client, agent, [row(102)])
    assert client.get(at(fresh, "revision/UPDATED/UPDATED/")).status_code == 404


def test_a_list_without_rows_says_so(client, agent):
    text = page(client.get(at(checked(client, agent, []), "revision/")))
    assert ("El listado viene vacío" in text, "Todas las filas están limpias" in text) == (True, False)


def test_a_row_left_out_says_whose_it_is(client, agent):
    text = page(client.get(at(checked(client, agent, [row(101, note="no llamar")]), "revision/")))
    assert "ZZA101 · PÉREZ RUIZ PERSONA X" in text


def test_undo_from_the_result(client, agent):
    batch = checked(client, agent, [row(101)])
    client.post(at(batch, "aplicar/"))
    jobs()
    assert "Revertir esta importación" in page(client.get(at(batch, "resultado/")))
    client.post(at(batch, "revertir/"))
    jobs()
    assert "Se retiraron: clientes, 1; gestiones, 1; vehículos, 1. 0 registros volvieron a su valor anterior." in page(
        client.get(at(batch, "resultado/"))
    )
    assert not Outreach.objects.exists()


def test_why_an_undo_is_not_possible_is_said(client, agent):
    batch = checked(client, agent, [row(101)])
    client.post(at(batch, "aplicar/"))
    jobs()
    Outreach.objects.update(calls_made=1)
    assert "No se puede revertir: Ya se trabajó en la gestión de" in page(client.get(at(batch, "resultado/")))
    assert "Ya se trabajó" in page(client.post(at(batch, "revertir/"), follow=True))


STANDING = [
    ({}, "ya lo subió usted el 23/11/2026 a las 09:00: se está revisando."),
    ({"status": "MAPPING", "work_state": "DONE"}, "ya lo subió usted el 23/11/2026 a las 09:00: falta decir qué son sus columnas."),
    ({"status": "CHECKED", "work_state": "DONE"}, "ya lo subió usted el 23/11/2026 a las 09:00: está por confirmar; nada se ha escrito."),
    ({"status": "APPLYING"}, "ya lo subió usted el 23/11/2026 a las 09:00: se está aplicando."),
    ({"status": "APPLYING", "work_state": "FAILED"}, "ya lo subió usted el 23/11/2026 a las 09:00: su trabajo no se pudo terminar."),
    ({"status": "APPLIED", "work_state": "DONE", "applied_at": MONDAY + timedelta(hours=1)},
     "ya lo importó usted el 23/11/2026 a las 10:00: está aplicado."),
]  # fmt: skip


@pytest.mark.parametrize(("state", "says"), STANDING)
def test_the_same_file_again_leads_to_where_it_stands(client, agent, state, says):
    upload(as_(client, agent), csv_bytes([row(101)]))
    ImportBatch.objects.update(**state)
    response = upload(client, csv_bytes([row(101)]), name="copia.csv")
    assert response.url == at(ImportBatch.objects.get())
    assert [str(message) for message in get_messages(response.wsgi_request)] == [f"Ese archivo {says}"]


def of(site, **scope):
    """An agent of one site."""
    user = person(Role.CALL_CENTER_AGENT, all_sites=False, **scope)
    user.sites.add(site)
    return user


def seal(response):
    return re.search(r'name="sealed" value="([^"]+)"', page(response))[1]


def test_a_file_in_work_for_somebody_else_is_told_with_who_and_when(client, agent, outsider):
    upload(as_(client, agent), csv_bytes([row(101)]))
    response = upload(as_(client, outsider), csv_bytes([row(101)]))
    assert response.status_code == 422
    assert f"ya lo subió {agent} el 23/11/2026 a las 09:00: se está revisando." in page(response)
    assert "Importar de nuevo" not in page(response)
    again = client.post(at(ImportBatch.objects.get(), "de-nuevo/"), {"sealed": "x"})
    assert (again.status_code, ImportBatch.objects.count()) == (404, 1)


def test_what_somebody_of_the_same_reach_left_is_taken_over_with_its_corrections(client, north):
    left, taker = of(north), of(north)
    old = checked(client, left, [row(101, phone="1234567")])
    bad = old.rows.get(status="REJECTED")
    client.post(at(old, "corregir/"), {f"cell-{bad.number}-{corrections.position_of(bad, old)}": "3005550101"})
    jobs()
    response = upload(as_(client, taker), csv_bytes([row(101, phone="1234567")]))
    assert f"ya lo subió {left} el 23/11/2026 a las 09:00: está por confirmar; nada se ha escrito." in page(response)
    sealed = {"sealed": seal(response)}
    urls = {client.post(at(old, "de-nuevo/"), sealed).url for _ in range(2)}
    new = ImportBatch.objects.latest("pk")
    assert urls == {at(new)}
    jobs()
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, old.error) == (BatchStatus.CANCELLED, f"{taker} subió el mismo archivo y siguió con él.")
    assert (new.requested_by, new.is_repeat, new.counts["created"], new.edits.get().by) == (taker, False, 1, left)
    assert client.get(at(new, "revision/")).status_code == 200
    assert taker.get_full_name() in page(as_(client, left).get(at(old, "revision/")))


def test_the_seal_opens_one_file_for_one_person_and_only_to_bring_it_again(client, agent, north, outsider):
    old = checked(client, agent, [row(101)])
    other = checked(client, agent, [row(102)])
    sealed = {"sealed": seal(upload(as_(client, outsider), csv_bytes([row(101)])))}
    assert [client.post(at(batch, step), sealed).status_code for batch, step in ((old, "aplicar/"), (other, "de-nuevo/"))] == [404, 404]
    assert as_(client, of(north)).post(at(old, "de-nuevo/"), sealed).status_code == 404


def test_a_file_that_reaches_further_is_repeated_on_purpose_for_ones_own_part(client, agent, outsider):
    old = checked(client, agent, [row(101), row(102, site="CENTRO")])
    response = upload(as_(client, outsider), csv_bytes([row(101), row(102, site="CENTRO")]))
    assert "Importar de nuevo" in page(response)
    urls = {client.post(at(old, "de-nuevo/"), {"sealed": seal(response)}).url for _ in range(2)}
    new = ImportBatch.objects.latest("pk")
    assert urls == {at(new)}
    jobs()
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.status, new.is_repeat, new.counts["created"], new.counts["excluded"]) == (BatchStatus.CHECKED, True, 1, {"OUT_OF_SCOPE": 1})
    assert "Repetido a propósito" in page(client.get(at(new, "revision/")))


def test_a_file_that_entered_can_be_imported_again_and_doubles_nothing(client, agent):
    batch = checked(client, agent, [row(101)])
    client.post(at(batch, "aplicar/"))
    jobs()
    assert "Importar de nuevo" in page(client.get(at(batch, "resultado/")))
    client.post(at(batch, "de-nuevo/"))
    jobs()
    again = ImportBatch.objects.latest("pk")
    assert (again.pk != batch.pk, again.is_repeat, again.counts["created"], again.counts["unchanged"]) == (True, True, 0, 1)
    client.post(at(batch, "descartar/"))
    client.post(at(again, "descartar/"))
    assert client.post(at(again, "de-nuevo/")).url == "/importaciones/"
    assert ImportBatch.objects.count() == 2


def test_a_file_without_a_site_that_is_here_for_it_already_leads_there(client, agent, north, centre):
    data = b"Placa;Cliente;Celular;Motivo\nZZA101;ANA RUIZ;3005550101;REVISION\n"
    upload(as_(client, agent), data)
    upload(client, data, site=north.pk)
    jobs()
    bare, named = ImportBatch.objects.order_by("pk")
    rule = {"status": "REJECTED", "code": "NO_SITE", "rule": "site", "argument": "Sede Norte"}
    response = client.post(at(bare, "regla/"), rule)
    assert response.url == at(named)
    assert [str(message) for message in get_messages(response.wsgi_request)][-1] == (
        "Ese archivo ya lo subió usted el 23/11/2026 a las 09:00, para Sede Norte: está por confirmar; nada se ha escrito."
    )
    bare.refresh_from_db()
    assert (bare.site, bare.status) == (None, BatchStatus.CHECKED)


# -- who brings, who confirms ----------------------------------------------------------------------------------------


def test_who_brought_a_file_stays_its_owner_and_the_log_says_who_confirmed_and_who_undid(client, agent, north):
    owner, lead = of(north), person(Role.CALL_CENTER_LEAD)
    batch = checked(client, owner, [row(101)])
    as_(client, lead).post(at(batch, "aplicar/"))
    jobs()
    text = page(as_(client, owner).get(at(batch, "resultado/")))
    assert (f"· {owner} ·" in text, f"por {lead}." in text) == (True, True)
    as_(client, lead).post(at(batch, "revertir/"))
    jobs()
    batch.refresh_from_db()
    assert (batch.status, batch.requested_by, batch.confirmed_by, batch.undone_by) == (BatchStatus.UNDONE, owner, lead, lead)
    assert f"por {lead}." in page(as_(client, owner).get(at(batch, "resultado/")))


def test_who_reaches_less_than_a_file_neither_applies_discards_retries_nor_undoes_it(client, agent, north, vw):
    narrow = of(north, all_brands=False)
    narrow.brands.add(vw)
    upload(as_(client, agent), csv_bytes([row(101), row(102, phone="12")]), site=north.pk)
    jobs()
    batch = ImportBatch.objects.get()
    text = page(as_(client, narrow).get(at(batch, "revision/")))
    assert (f"Lo subió {agent}, que alcanza sedes o marcas que usted no" in text, "Continuar" in text) == (True, False)
    for step in ("aplicar/", "descartar/"):
        assert "que usted no" in page(client.post(at(batch, step), follow=True))
    assert ["Descartar el archivo" in page(client.get(at(batch, step))) for step in ("revision/", "columnas/", "aplicar/")] == [False] * 3
    batch.refresh_from_db()
    assert (batch.status, Outreach.objects.exists()) == (BatchStatus.CHECKED, False)
    as_(client, agent).post(at(batch, "aplicar/"))
    jobs()
    as_(client, narrow)
    assert ["que usted no" in page(client.post(at(batch, step), follow=True)) for step in ("reintentar/", "revertir/")] == [True, True]
    assert ImportBatch.objects.values_list("status", "undone_by").get() == ("APPLIED", None)


def test_what_failed_can_be_put_away(client, agent):
    batch = checked(client, agent, [row(101)])
    ImportBatch.objects.update(work_state="FAILED", error="El proceso se detuvo", status=BatchStatus.CHECKING)
    assert "Descartar el archivo" in page(client.get(at(batch, "revision/")))
    client.post(at(batch, "descartar/"))
    assert "Descartado: no se escribió nada." in page(client.get(at(batch, "revision/")))


def test_an_unreadable_file_is_explained(client, agent):
    upload(as_(client, agent), b"%PDF-1.7")
    jobs()
    batch = ImportBatch.objects.get()
    assert batch.status == BatchStatus.UNREADABLE
    assert "es un PDF" in page(client.get(at(batch, "revision/")))


def test_work_that_failed_can_go_on(client, agent):
    batch = checked(client, agent, [row(101)])
    ImportBatch.objects.update(work_state="FAILED", error="El proceso se detuvo", status=BatchStatus.APPLYING)
    assert "Volver a intentar" in page(client.get(at(batch, "resultado/")))
    client.post(at(batch, "continuar/"))
    jobs()
    batch.refresh_from_db()
    assert batch.status == BatchStatus.APPLIED


def test_without_the_declaration_nothing_is_uploaded(client, agent):
    file = SimpleUploadedFile("a.csv", csv_bytes([row(101)]))
    response = as_(client, agent).post("/importaciones/nueva/", {"feed": "proactive", "file": file})
    assert response.status_code == 422
    assert not ImportBatch.objects.exists()


def test_the_template_of_a_source_has_its_titles(client, agent):
    data = b"".join(as_(client, agent).get("/importaciones/plantilla/proactive/").streaming_content)
    titles = next(load_workbook(io.BytesIO(data)).active.values)
    assert titles[:3] == ("Centro", "F. Prevista", "Motivo Contacto")
    assert client.get("/importaciones/plantilla/nada/").status_code == 404


def test_rejected_rows_come_back_as_a_workbook_without_formulas(client, agent):
    batch = checked(client, agent, [row(101, phone="1234567", note="=HYPERLINK(1)"), row(102, name="")])
    data = b"".join(client.get(at(batch, "no-importadas/")).streaming_content)
    lines = list(load_workbook(io.BytesIO(data)).active.values)
    assert [line[:3] for line in lines[1:]] == [
        ("3", "Rechazada", "«1234567» no sirve: es una secuencia"),
        ("4", "Rechazada", "Falta el nombre del cliente"),
    ]
    assert lines[0][6:9] == ("Centro", "F. Prevista", "Motivo Contacto")
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def left_out(client, batch):
    """The workbook of the rows that did not enter: its titles and lines."""
    return list(load_workbook(io.BytesIO(b"".join(client.get(at(batch, "no-importadas/")).streaming_content))).active.values)


def test_the_rows_left_out_come_back_corrected_and_keep_what_the_file_said(client, agent):
    batch = checked(client, agent, [row(101, phone="1234567", reason="REV. 40.000 KM")])
    ColumnAlias.objects.create(feed="proactive", field="note", alias="que hacer")
    titles, line = left_out(client, batch)
    book = Workbook()
    book.active.append(titles)
    book.active.append(
        ["3005550101" if cell == "1234567" and title == "Telf. Móvil" else cell for title, cell in zip(titles, line, strict=True)]
    )
    data = io.BytesIO()
    book.save(data)
    upload(client, data.getvalue(), name="corregidas.xlsx")
    jobs()
    again = ImportBatch.objects.latest("pk")
    assert (again.counts["created"], again.counts["rejected"]) == (1, {})
    assert [column["title"] for column in again.about["columns"] if not column["field"]] == [*ADDED]
    assert 'aria-label="Qué es «Qué hacer»"' not in page(client.get(at(again, "columnas/")))
    client.post(at(again, "aplicar/"))
    jobs()
    assert (Outreach.objects.get().motives.get().reason, Outreach.objects.get().note) == ("REV. 40.000 KM", "")
    assert left_out(client, again)[0] == titles


def test_discarding_writes_nothing(client, agent):
    batch = checked(client, agent, [row(101)])
    client.post(at(batch, "descartar/"))
    assert ImportBatch.objects.get().status == BatchStatus.CANCELLED
    assert not Outreach.objects.exists()


def test_what_is_being_written_is_not_said_to_be_discarded(client, agent):
    batch = checked(client, agent, [row(101)])
    client.post(at(batch, "aplicar/"))
    assert "ya no se puede descartar: aplicando" in page(client.post(at(batch, "descartar/"), follow=True))
    assert ImportBatch.objects.get().status == BatchStatus.APPLYING


GETS = ("", "columnas/", "revision/", "revision/REJECTED/BAD_PHONE/", "fila/3/", "aplicar/", "resultado/", "no-importadas/")
POSTS = ("columnas/", "corregir/", "regla/", "aplicar/", "de-nuevo/", "reintentar/", "revertir/", "continuar/", "descartar/", "fila/3/")


def test_another_persons_batch_does_not_exist(client, agent, outsider):
    batch = checked(client, agent, [row(101, phone="12")])
    as_(client, outsider)
    assert [client.get(at(batch, path)).status_code for path in GETS] == [404] * len(GETS)
    assert [client.post(at(batch, path)).status_code for path in POSTS] == [404] * len(POSTS)


def test_who_does_not_import_is_refused(client, agent, advisor):
    batch = checked(client, agent, [row(101, phone="12")])
    as_(client, advisor)
    assert {client.get(at(batch, path)).status_code for path in GETS} == {403}
    assert {client.post(at(batch, path)).status_code for path in POSTS} == {403}


def test_the_list_of_imports_costs_the_same(client, agent):
    upload(as_(client, agent), csv_bytes([row(101)]))
    one = query_count(client, "/importaciones/")
    for number in range(2):
        upload(client, csv_bytes([row(102 + number)]))
    assert query_count(client, "/importaciones/") == one


def test_the_review_costs_the_same(client, agent):
    bad = [row(101, phone="12"), row(102, name=""), row(103, note="no llamar"), row(104, km="x1")]
    one = query_count(client, at(checked(client, agent, bad), "revision/"))
    assert query_count(client, at(checked(client, agent, bad * 3), "revision/")) == one


# -- what will be created --------------------------------------------------------------------------------------------


def test_the_review_lists_what_it_will_create_page_by_page(client, agent, monkeypatch):
    batch = checked(client, agent, [row(number) for number in range(101, 113)])
    text = page(client.get(at(batch, "revision/")))
    assert "Lo que se va a crear" in text
    assert ("ZZA101" in text, "ZZA110" in text, "ZZA111" in text, "Ver las 12 filas" in text) == (True, True, False, True)
    monkeypatch.setattr(imports, "ROWS_A_PAGE", 5)
    everything = at(batch, "revision/CREATED/CREATED/")
    assert [number for number in range(101, 113) if f"ZZA{number}" in page(client.get(f"{everything}?page=3"))] == [111, 112]
    client.post(at(batch, "aplicar/"))
    jobs()
    assert client.get(everything).status_code == 404
    assert "Lo que se va a crear" not in page(client.get(at(batch, "resultado/")))


def test_a_row_that_would_be_created_can_be_mended_first(client, agent):
    batch = checked(client, agent, [row(101)])
    place = [column["field"] for column in batch.about["columns"]].index("plate")
    client.post(at(batch, "fila/3/"), {f"cell-3-{place}": "ZZB999"})
    jobs()
    client.post(at(batch, "aplicar/"))
    jobs()
    assert Outreach.objects.get().vehicle.plate == "ZZB999"


def test_the_same_parameters_for_another_file(client, agent, north):
    upload(as_(client, agent), csv_bytes([row(101)]), site=north.pk)
    jobs()
    assert f'href="/importaciones/nueva/?feed=proactive&amp;site={north.pk}"' in page(
        client.get(at(ImportBatch.objects.get(), "revision/"))
    )


# -- PRO-9 -----------------------------------------------------------------------------------------------------------


def loaded(client, agent, rows):
    batch = checked(client, agent, rows)
    client.post(at(batch, "aplicar/"))
    jobs()


def test_the_daily_list_that_is_late_is_a_warning(client, agent, settings):
    """Monday 9:00: not yet loaded; 10:30: late."""
    text = page(as_(client, agent).get("/importaciones/"))
    assert "Sin cargar" in text
    assert "debía estar" not in text
    settings.CLOCK_SHIFT += timedelta(minutes=90).total_seconds()
    assert "el listado de hoy debía estar a las 10:00" in page(client.get("/importaciones/"))
    assert "debía estar a las 10:00" in page(client.get("/"))


def test_on_a_holiday_nothing_is_late(client, agent, settings):
    settings.CLOCK_SHIFT += timedelta(days=6, hours=3).total_seconds()  # Sunday noon
    assert "debía estar" not in page(as_(client, agent).get("/importaciones/"))


def test_the_hour_is_the_owners(client, agent, settings):
    from callcenter.models import ProgrammeSettings

    ProgrammeSettings.objects.update_or_create(programme="PROACTIVE", defaults={"file_due_at": "08:30"})
    assert "debía estar a las 08:30" in page(as_(client, agent).get("/importaciones/"))


def test_a_loaded_list_says_when_how_many_and_which_site_lacks(client, agent, centre):
    loaded(client, agent, [row(101), row(102)])
    text = page(client.get("/importaciones/"))
    assert re.search(r"hoy \d\d:\d\d, 2 filas", text)
    assert "Falta Sede Centro" in text
    client.force_login(person(Role.CALL_CENTER_LEAD))
    assert "Falta Sede Centro" in page(client.get("/"))


def test_a_brand_that_came_last_week_and_not_today_is_missed(client, agent):
    BrandFactory(code="kia", name="Kia", aliases=["KIA"])
    loaded(client, agent, [row(101), row(102, brand="KIA")])
    ImportBatch.objects.update(created_at=MONDAY - timedelta(days=7))
    loaded(client, agent, [row(103)])
    assert "Falta Sede Norte (Kia)" in page(client.get("/importaciones/"))
    ImportBatch.objects.filter(created_at__lt=MONDAY).update(created_at=MONDAY - timedelta(days=30))
    assert "Falta Sede" not in page(client.get("/importaciones/"))


def test_with_every_site_loaded_nothing_lacks(client, agent, centre):
    loaded(client, agent, [row(101), row(102, site="CENTRO")])
    assert "Falta Sede" not in page(client.get("/importaciones/"))
