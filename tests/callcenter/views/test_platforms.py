"""The platforms of the brands: who sees which, and where the procedure sends to them (GSC-CAR-01 recursos; GC-PRO-05 requisitos)."""

import pytest

from callcenter.enums import PlatformKind
from callcenter.models import Brand, BrandPlatform
from callcenter.roles import Role
from callcenter.templatetags.ui import brand_platforms
from tests.callcenter.views.test_pages import as_
from tests.conftest import person, query_count
from tests.factories import BrandFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]


def platform(brand, name, **more):
    return BrandPlatform.objects.create(brand=brand, name=name, kind=more.pop("kind", PlatformKind.CRM), **more)


def test_the_register_shows_the_platforms_of_ones_brands_with_their_people_at_equal_cost(client, agent, north):
    BrandPlatform.objects.all().delete()
    vw, kia = Brand.objects.get(code="vw"), BrandFactory(code="kia", name="Kia")
    mine = platform(vw, "CRM VW", url="https://crm.example/vw")
    mine.people.add(agent)
    platform(kia, "CRM Kia")
    platform(vw, "Vieja", is_active=False)
    narrow = person(Role.CALL_CENTER_LEAD, all_brands=False)
    narrow.sites.add(north)
    narrow.brands.add(vw)
    shown = as_(client, narrow).get("/documentos/")
    assert [row.name for row in shown.context["platforms"]] == ["CRM VW"]
    assert f"<td>{agent}</td>" in shown.content.decode()
    one = query_count(client, "/documentos/")
    for name in ("Dos", "Tres"):
        platform(vw, name).people.add(agent, narrow)
    assert query_count(client, "/documentos/") == one


def test_a_platform_without_address_is_in_no_work_page():
    vw = Brand.objects.get(code="vw")
    platform(vw, "Sin dirección")
    linked = platform(vw, "Con dirección", url="https://crm.example/")
    assert list(brand_platforms(vw, "CRM")) == [linked]
