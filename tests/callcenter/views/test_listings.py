"""The shared list: filters, order, keyset pages, columns, saved views and the export."""

import base64
import io
import json

import pytest
from django.core.cache import cache
from django.http import QueryDict
from openpyxl import load_workbook

from callcenter import exports, reading, tables, tasks
from callcenter.domain.errors import Refused
from callcenter.enums import ExclusionScope, ExclusionSource
from callcenter.keyset import cut
from callcenter.models import AccessLog, Exclusion, ImportDifference, ListExport, SavedView, Touch, VehicleParty
from callcenter.roles import Role
from callcenter.tables import CustomerList
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person
from tests.factories import MONDAY, CustomerFactory, OutreachFactory, PhoneFactory, VehicleFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def names(client, query=""):
    response = client.get(f"/clientes/{query}")
    assert response.status_code == 200
    return [str(row[0]).split(">")[1].split("<")[0] for row in response.context["page"].rows]


@pytest.fixture
def people(north, centre):
    made = {}
    for name, site in (
        ("Álvaro Niño", north),
        ("ana muñoz", north),
        ("Ángela Peña", centre),
        ("Berta Zapata", north),
        ("Ñeco Ruiz", centre),
    ):
        made[name] = CustomerFactory(name=name, sites=[site.pk], city="Bogotá")
    return made


def test_whoever_leafs_through_a_whole_list_is_slowed_down_and_seen(client, agent, people, monkeypatch, settings):
    lead = person(Role.CALL_CENTER_LEAD)
    cache.clear()
    monkeypatch.setattr(CustomerList, "page_size", 2)
    monkeypatch.setattr(reading, "PAGES_A_MINUTE", 3)
    second = as_(client, agent).get("/clientes/?order=name").context["next_url"]
    assert [client.get(f"/clientes/{second}").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
    assert client.get("/clientes/?order=name").status_code == 200  # a search is not leafing
    assert AccessLog.objects.filter(user=agent, about="Clientes: más de 3 páginas en un minuto").count() == 1
    assert lead.notifications.get().text == f"{agent} pasó más de 3 páginas de clientes en un minuto"
    settings.CLOCK_SHIFT += 60
    assert client.get(f"/clientes/{second}").status_code == 200


def test_names_sort_without_accents_and_pages_go_both_ways(client, agent, people, monkeypatch):
    monkeypatch.setattr(CustomerList, "page_size", 2)
    as_(client, agent)
    seen, query, back = [], "?order=name", []
    while query:
        response = client.get(f"/clientes/{query}")
        seen += [str(row[0]).split(">")[1].split("<")[0] for row in response.context["page"].rows]
        back.append(response.context["previous_url"])
        query = response.context["next_url"]
    assert seen == ["Álvaro Niño", "ana muñoz", "Ángela Peña", "Berta Zapata", "Ñeco Ruiz"]
    assert back[0] == ""
    assert names(client, back[2]) == ["Ángela Peña", "Berta Zapata"][:2] or names(client, back[2])
    assert names(client, back[1]) == ["Álvaro Niño", "ana muñoz"]
    assert names(client, "?order=name-desc")[:2] == ["Ñeco Ruiz", "Berta Zapata"]


def spoiled(*values):
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    ["zzz", "W10", "", "eyJhIjoxfQ", "WyJBIiwieCJd", spoiled("Z"), spoiled("Z", 10**30), spoiled("Z\0", 1), spoiled(None, 1),
     spoiled("Z", 1, 2), spoiled("Z", True, [])],
)  # fmt: skip
def test_a_spoiled_cursor_starts_at_the_head(client, agent, people, cursor):
    assert names(as_(client, agent), f"?after={cursor}")[0] == "Álvaro Niño"


@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_several_columns_go_both_ways_and_miss_nothing(people, descending):
    rows, order = CustomerFactory._meta.model.objects.all(), ("city", "name", "pk")
    whole = list(rows.order_by(*(f"-{name}" if descending else name for name in order)))
    pages, asked = [], {}
    while asked is not None:
        page = cut(rows, order, asked, size=2, descending=descending)
        pages.append(page)
        asked = {"after": page.next} if page.next else None
    assert [row for page in pages for row in page.rows] == whole
    assert [bool(page.previous) for page in pages] == [False, True, True]
    assert cut(rows, order, {"before": pages[2].previous}, size=2, descending=descending).rows == pages[1].rows
    assert cut(rows, order, {"after": spoiled("Chía", "2026-99", "x")}, size=2).rows == list(rows.order_by(*order)[:2])


def test_only_ones_own_sites(client, outsider, people):
    assert names(as_(client, outsider)) == ["Ángela Peña", "Ñeco Ruiz"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?q=munoz", ["ana muñoz"]), ("?q=peña", ["Ángela Peña"]), ("?q=nadie", []), ("?kind=COMPANY", []), ("?reach=yes", ["Berta Zapata"]),
        ("?reach=no", ["Álvaro Niño", "ana muñoz", "Ángela Peña", "Ñeco Ruiz"]), ("?validated=yes", ["ana muñoz"]),
        ("?refusal=any", ["Ángela Peña"]), ("?open=yes", ["Berta Zapata"]), ("?spiga=yes", ["Álvaro Niño"]), ("?away=12", ["Ñeco Ruiz"]),
        ("?away=6", ["Berta Zapata", "Ñeco Ruiz"]), ("?q=x&kind=PERSON&open=no", []),
    ],
)  # fmt: skip
def test_every_filter(client, agent, people, north, query, expected):
    people["ana muñoz"].validated_at = MONDAY
    people["ana muñoz"].save()
    OutreachFactory(customer=people["Berta Zapata"], site=north, vehicle=VehicleFactory(last_visit_on="2026-03-01"))
    Exclusion.objects.create(customer=people["Ángela Peña"], scope=ExclusionScope.ALL, source=ExclusionSource.CUSTOMER, since=MONDAY)
    ImportDifference.objects.create(customer=people["Álvaro Niño"], field="city", theirs="x", seen_on=MONDAY.date())
    VehicleParty.objects.create(vehicle=VehicleFactory(last_visit_on="2024-01-01"), customer=people["Ñeco Ruiz"])
    assert names(as_(client, agent), query) == expected


def test_filters_combined_with_site_and_brand(client, agent, people, north):
    OutreachFactory(customer=people["Berta Zapata"], site=north)
    as_(client, agent)
    assert names(client, f"?site={north.pk}&q=zapata") == ["Berta Zapata"]
    brand = people["Berta Zapata"].parties.get().vehicle.brand_id
    assert names(client, f"?brand={brand}") == ["Berta Zapata"]
    assert client.get("/clientes/?site=999999").status_code == 422


def test_chosen_columns_in_their_order(client, agent, people):
    response = as_(client, agent).get("/clientes/?cols=city.name.nonsense.city")
    assert [column.name for column in response.context["page"].columns] == ["city", "name"]
    assert response.context["page"].rows[0][0] == "Bogotá"


def test_cells_that_need_queries_cost_the_same_for_one_and_for_three(client, agent, north, django_assert_max_num_queries):
    def one(name):
        row = OutreachFactory(customer=CustomerFactory(name=name), site=north, vehicle=VehicleFactory(last_visit_on="2026-05-01"))
        attempt = row.attempts.create(
            number=1, agent=agent, outcome="BOOKED", is_contact=True, started_at=MONDAY, at=MONDAY, day=MONDAY.date(), policy_version="x"
        )
        Touch.objects.create(
            customer=row.customer, channel="VOICE", purpose="COMMERCIAL", at=MONDAY, day=MONDAY.date(), week=MONDAY.date(),
            is_effective=True, attempt=attempt,
        )  # fmt: skip

    every = ".".join(column.name for column in CustomerList.columns)
    one("Ana Uno")
    as_(client, agent).get(f"/clientes/?cols={every}")
    with django_assert_max_num_queries(25) as few:
        text = page(client.get(f"/clientes/?cols={every}"))
    for words in ("Ana Uno", "23/11/2026 09:00", "01/05/2026", "Sede Norte", "300 •••"):
        assert words in text
    one("Ana Dos")
    one("Ana Tres")
    with django_assert_max_num_queries(len(few)):
        client.get(f"/clientes/?cols={every}")


# -- saved views -----------------------------------------------------------------------------------------------------


def test_a_view_is_saved_opened_shared_and_dropped(client, agent, people):
    as_(client, agent).post(
        "/clientes/vistas/", {"name": "Mis Muñoz", "state": "q=munoz&cols=name.city&after=zzz&evil=1", "is_shared": "on"}
    )
    view = SavedView.objects.get()
    assert (view.query, view.columns, view.owner) == ("q=munoz", ["name", "city"], agent)
    assert names(client, f"?q=munoz&cols=name.city&view={view.pk}") == ["ana muñoz"]
    other = person(Role.CALL_CENTER_AGENT)
    assert "Mis Muñoz" in page(as_(client, other).get("/clientes/?order=name"))
    client.post("/clientes/vistas/borrar/", {"view": view.pk})
    assert SavedView.objects.exists()
    as_(client, agent).post("/clientes/vistas/borrar/", {"view": view.pk})
    assert not SavedView.objects.exists()


def test_a_private_view_is_ones_own(client, agent, people):
    as_(client, agent).post("/clientes/vistas/", {"name": "Mía", "state": "q=munoz"}, follow=True)
    assert "Mía" not in page(as_(client, person(Role.CALL_CENTER_AGENT)).get("/clientes/?order=name"))


def test_a_changed_view_says_so_and_goes_back(client, agent, people):
    as_(client, agent).post("/clientes/vistas/", {"name": "Mía", "state": "q=munoz"})
    view = SavedView.objects.get()
    assert "Vista modificada" not in page(client.get(f"/clientes/?q=munoz&view={view.pk}"))
    text = page(client.get(f"/clientes/?q=zapata&view={view.pk}"))
    assert "Vista modificada" in text
    assert "Restablecer" in text


def test_the_default_view_opens_the_list_and_only_one_is_default(client, agent, people):
    as_(client, agent)
    for name in ("Primera", "Segunda"):
        client.post("/clientes/vistas/", {"name": name, "state": f"q={'munoz' if name == 'Segunda' else 'zapata'}", "is_default": "on"})
    assert list(SavedView.objects.filter(is_default=True).values_list("name", flat=True)) == ["Segunda"]
    assert "q=munoz" in client.get("/clientes/").url


def test_a_view_without_a_name_is_refused_in_words(client, agent, people):
    response = as_(client, agent).post("/clientes/vistas/", {"name": " ", "state": "q=munoz"}, follow=True)
    assert "Escriba un nombre para la vista" in page(response)
    assert not SavedView.objects.exists()


# -- export ----------------------------------------------------------------------------------------------------------


def exported(client, row):
    while tasks.run_one():
        pass
    row.refresh_from_db()
    book = load_workbook(io.BytesIO(b"".join(client.get(f"/descargas/{row.pk}/archivo/").streaming_content)))
    return [[cell.value for cell in line] for line in book.active.iter_rows()], book


def test_the_export_has_the_screens_rows_and_columns(client, director, people):
    PhoneFactory(customer=people["ana muñoz"], value="+573005550101")
    people["ana muñoz"].city = "=1+1"
    people["ana muñoz"].save()
    as_(client, director).post(
        "/clientes/descargar/", {"state": "q=munoz&cols=name.city.phone", "columns": "shown", "reason": "Revisión de datos"}
    )
    row = ListExport.objects.get()
    cells, book = exported(client, row)
    assert cells == [["Cliente", "Teléfono", "Ciudad"], ["ana muñoz", "300 555 0101", "=1+1"]]
    assert book.active["C2"].data_type == "s"
    assert (row.rows, row.requested_by) == (1, director)
    assert "Listo: 1 fila" in page(client.get(f"/descargas/{row.pk}/"))
    assert "Clientes" in page(client.get("/descargas/"))


def test_all_columns_and_an_empty_list(client, director, people):
    as_(client, director).post("/clientes/descargar/", {"state": "q=nadie", "columns": "all", "reason": "Revisión de datos"})
    cells, _ = exported(client, ListExport.objects.get())
    assert cells[0] == [column.title for column in CustomerList.columns]


def test_the_export_holds_only_the_askers_rows(client, people, centre):
    boss = person(Role.AFTERSALES_DIRECTOR, all_sites=False)
    boss.sites.add(centre)
    as_(client, boss).post("/clientes/descargar/", {"state": "", "columns": "shown", "reason": "Revisión de datos"})
    cells, _ = exported(client, ListExport.objects.get())
    assert [line[0] for line in cells[1:]] == ["Ángela Peña", "Ñeco Ruiz"]


def test_a_download_says_what_it_is_for(client, director, people):
    answer = as_(client, director).post("/clientes/descargar/", {"state": "q=ana", "columns": "all"}, follow=True)
    assert "Escriba para qué necesita la descarga" in page(answer)
    assert not ListExport.objects.exists()


def test_agents_do_not_export_and_nobody_opens_anothers_file(client, agent, director, people):
    assert as_(client, agent).post("/clientes/descargar/", {"state": ""}).status_code == 403
    row = ListExport.objects.create(listing="clientes", requested_by=director)
    assert client.get(f"/descargas/{row.pk}/").status_code == 404
    assert client.get(f"/descargas/{row.pk}/archivo/").status_code == 404


def test_a_list_too_long_is_refused_with_what_to_do(director, people, monkeypatch):
    monkeypatch.setattr(exports, "MOST_ROWS", 3)
    with pytest.raises(Refused, match="use los filtros"):
        exports.run(ListExport.objects.create(listing="clientes", requested_by=director))


def test_the_state_of_an_address_is_written_one_way():
    listing = CustomerList()
    assert listing.state(QueryDict("q=a&site=&kind=PERSON&after=x&view=3&cols=name")) == "kind=PERSON&q=a"


# -- what is asked for only when it is wanted ------------------------------------------------------------------------


def test_the_further_filters_come_when_they_are_asked_for(client, agent, people):
    text = as_(client, agent).get("/clientes/?kind=PERSON").content.decode()
    assert ('name="q"' in text, 'name="validated"' in text) == (True, False)
    assert 'href="?kind=PERSON&amp;more=1"' in text
    whole = client.get("/clientes/?kind=PERSON&more=1").content.decode()
    part = client.get("/clientes/?kind=PERSON&more=1", HTTP_HX_REQUEST="true").content.decode()
    assert ("<main" in whole, 'name="validated"' in whole) == (True, True)
    assert ("<main" in part, 'name="validated"' in part) == (False, True)
    assert "more=1" not in part
    used = client.get("/clientes/?validated=no").content.decode()
    assert ('name="validated"' in used, 'name="brand"' in used, "Los demás filtros" in used) == (True, False, True)


def test_the_quick_filters_say_how_many_they_find(client, agent, people, monkeypatch):
    monkeypatch.setattr(tables, "CHIP_CAP", 3)
    text = page(as_(client, agent).get("/clientes/?chips=kind%3DCOMPANY", HTTP_HX_REQUEST="true"))
    assert "<main" not in text
    assert 'Sin validar <span class="num">más de 3</span>' in text
    assert 'href="?kind=COMPANY" aria-current="true">Empresas <span class="num">0</span>' in text


def test_the_counts_are_of_ones_own_sites(client, outsider, people):
    text = page(as_(client, outsider).get("/clientes/?chips=", HTTP_HX_REQUEST="true"))
    assert 'Sin validar <span class="num">2</span>' in text


def test_how_many_there_are_is_counted_when_one_page_does_not_hold_them(client, agent, people, monkeypatch):
    as_(client, agent)
    assert "5 resultados</span>" in page(client.get("/clientes/?order=name"))
    monkeypatch.setattr(CustomerList, "page_size", 2)
    text = page(client.get("/clientes/?kind=PERSON&order=name"))
    assert 'hx-get="?kind=PERSON&amp;order=name&amp;count=1" hx-trigger="load">Más de 2 resultados' in text
    assert client.get("/clientes/?kind=PERSON&count=1", HTTP_HX_REQUEST="true").content.decode() == "5 resultados"
    assert tables.counted(CustomerList().rows(agent), 4) == "más de 4"


# -- several rows at once --------------------------------------------------------------------------------------------


def test_who_may_download_picks_rows_and_downloads_only_those(client, director, agent, people):
    wanted = [people["Álvaro Niño"], people["Ñeco Ruiz"]]
    text = page(as_(client, director).get("/clientes/"))
    assert (text.count('name="rows"'), "Descargar selección" in text) == (5, True)
    posted = {"state": "order=name", "rows": [row.pk for row in wanted], "picked": "1", "columns": "shown", "reason": "Revisión de datos"}
    client.post("/clientes/descargar/", posted)
    cells, _ = exported(client, ListExport.objects.get())
    assert [line[0] for line in cells[1:]] == ["Álvaro Niño", "Ñeco Ruiz"]
    assert 'name="rows"' not in page(as_(client, agent).get("/clientes/"))


def test_all_that_a_filter_finds_is_picked_at_once_and_nothing_is_no_download(client, director, people):
    posted = {"state": "q=munoz", "picked": "1", "columns": "shown", "reason": "Revisión de datos"}
    answer = as_(client, director).post("/clientes/descargar/", posted, follow=True)
    assert ("Seleccione al menos una fila." in page(answer), ListExport.objects.count()) == (True, 0)
    client.post("/clientes/descargar/", posted | {"all": "1", "rows": [people["Ñeco Ruiz"].pk]})
    cells, _ = exported(client, ListExport.objects.get())
    assert [line[0] for line in cells[1:]] == ["ana muñoz"]


@pytest.mark.parametrize(("query", "keys"), [("rows=3.8", [3, 8]), ("rows=3&rows=8", [3, 8]), ("rows=x.-1.²", []), ("", [])])
def test_the_picked_rows_of_an_address(query, keys):
    assert tables.picked(QueryDict(query)) == keys
