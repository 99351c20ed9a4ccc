"""Saved views on every page with filters: one mechanism, the address is the truth."""

import pytest

from callcenter.models import Notification, SavedView
from callcenter.places import Place
from callcenter.roles import Role
from callcenter.views import appointments, documents, imports, notices
from reports.models import Edition, ImprovementAction
from reports.views import centre, improvement, indicators
from tests.callcenter.views.test_pages import as_, page
from tests.conftest import person, query_count
from tests.factories import MONDAY

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
PLACES = {
    appointments.PLACE: "status=CONFIRMED", imports.PLACE: "feed=proactive", documents.PLACE: "validity=bad", notices.PLACE: "unread=on",
    centre.PLACE: "state=late", improvement.PLACE: "state=PLANNED", indicators.PLACE: "site=%s",
}  # fmt: skip
every_place = pytest.mark.parametrize(("place", "query"), PLACES.items(), ids=lambda value: getattr(value, "slug", ""))


@pytest.fixture
def lead(db):
    return person(Role.CALL_CENTER_LEAD)


@every_place
def test_a_view_is_saved_opened_and_dropped(client, lead, north, place: Place, query):
    query = query % north.pk if "%s" in query else query
    as_(client, lead).post(f"{place.url()}vistas/", {"name": "La mía", "state": f"{query}&evil=1&page=3", "is_default": "on"})
    view = SavedView.objects.get()
    assert (view.listing, view.query, view.columns) == (place.slug, query, [])
    opened = client.get(place.url())
    assert opened.url == f"{place.url()}?{query}&view={view.pk}"
    shown = client.get(opened.url)
    assert shown.status_code == 200
    assert "La mía" in page(shown)
    assert "Vista modificada" not in page(shown)
    assert "Vista modificada" in page(client.get(f"{place.url()}?view={view.pk}"))
    client.post(f"{place.url()}vistas/borrar/", {"view": view.pk})
    assert not SavedView.objects.exists()


@every_place
def test_a_shared_view_is_seen_by_others_and_a_private_one_is_not(client, lead, place: Place, query):
    for name, shared in (("De todos", True), ("Solo mía", False)):
        SavedView.objects.create(owner=lead, listing=place.slug, name=name, is_shared=shared)
    text = page(as_(client, person(Role.CALL_CENTER_LEAD)).get(f"{place.url()}?todo"))
    assert "De todos" in text
    assert "Solo mía" not in text


@pytest.mark.parametrize("place", [place for place in PLACES if place.permission], ids=lambda place: place.slug)
def test_keeping_a_view_needs_the_pages_own_permission(client, place: Place):
    nobody = person(Role.SALES_ADVISOR)
    assert as_(client, nobody).post(f"{place.url()}vistas/", {"name": "x", "state": ""}).status_code == 403


# -- what the new filters answer --------------------------------------------------------------------------------------


def test_notices_by_words_and_unread(client, lead):
    for key, text, read in (("a", "Venció el caso de Ana", None), ("b", "Informe listo", MONDAY), ("c", "Venció el caso de Luis", MONDAY)):
        Notification.objects.create(user=lead, key=key, text=text, at=MONDAY, read_at=read)
    texts = lambda query: [row.text for row in as_(client, lead).get(f"/avisos/{query}").context["page"]]  # noqa: E731
    assert len(texts("")) == 3
    assert texts("?unread=on") == ["Venció el caso de Ana"]
    assert texts("?q=venció&unread=on") == ["Venció el caso de Ana"]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("?q=SC-INS-01", {"GSC-INS-01"}),
        ("?status=WITHDRAWN", {"GSC-FOR-08"}),
        ("?validity=bad&q=GC-PRO", {"GC-PRO-05"}),
        ("?q=nada", set()),
    ],
)
def test_documents_by_alias_state_and_validity(client, lead, query, codes):
    rows = as_(client, lead).get(f"/documentos/{query}").context["rows"]
    assert {document.code for document, *_ in rows} == codes


@pytest.mark.parametrize(
    ("query", "count"), [("?todo", 3), ("?state=late", 1), ("?code=GSC-FOR-02", 2), ("?state=PREPARED&code=GSC-FOR-09", 1)]
)
def test_editions_by_report_and_state(client, director, query, count):
    for code, due, state in (("GSC-FOR-02", "2026-11-05", "PREPARED"), ("GSC-FOR-02", "2026-12-04", "BUILDING"),
                             ("GSC-FOR-09", "2026-12-04", "PREPARED")):  # fmt: skip
        Edition.objects.create(code=code, period=f"2026-{due[5:7]}", due_on=due, state=state, sha256="x")
    assert len(as_(client, director).get(f"/informes/{query}").context["editions"]) == count


def test_overdue_actions_come_first(client):
    user = person(Role.AFTERSALES_MANAGER)
    for finding, due in (("Nueva", None), ("Después", "2026-12-20"), ("Vencida", "2026-11-01")):
        planned = {"plan": "x", "owner": user, "due_on": due, "state": "PLANNED"} if due else {}
        ImprovementAction.objects.create(origin="PQRS", finding=finding, opened_at=MONDAY, **planned)
    rows = as_(client, user).get("/mejora/").context["rows"]
    assert [row.finding for row, _ in rows] == ["Vencida", "Después", "Nueva"]


def test_views_cost_the_same_for_one_and_for_three(client, lead):
    as_(client, lead)
    SavedView.objects.create(owner=lead, listing="documentos", name="1")
    one = query_count(client, "/documentos/?todo")
    SavedView.objects.create(owner=lead, listing="documentos", name="2")
    SavedView.objects.create(owner=person(Role.CALL_CENTER_LEAD), listing="documentos", name="3", is_shared=True)
    assert query_count(client, "/documentos/?todo") == one
