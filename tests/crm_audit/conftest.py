"""The sales floor of the sample files: two sites, their advisors, the Líder CRM."""

from pathlib import Path

import pytest

from callcenter.models import Employee, Reason
from callcenter.roles import Role
from callcenter.spiga import pipeline
from tests.conftest import person
from tests.factories import MONDAY, EmployeeFactory, SiteFactory

SAMPLES = Path(__file__).resolve().parent.parent / "samples"


@pytest.fixture
def floor(db, monday, centre, vw):
    """Rosa, Iván and Luz sell in the centre; Catalina manages; a homonym waits in `visits`."""
    vw.aliases = ["VOLKSWAGEN"]
    vw.save()
    return staff(centre)


def staff(site):
    site = site or SiteFactory(code="centro", name="Sede Centro", aliases=["CENTRO"])
    people = [
        ("101", "Rosa Demo", Role.SALES_ADVISOR, "3005559023", "rosa@carrazos.example"),
        ("102", "Iván Prueba Lara", Role.SALES_ADVISOR, "", "ivan@carrazos.example"),
        ("023", "Luz Marina Sol", Role.SALES_ADVISOR, "", ""),
        ("110", "Catalina Jefe", Role.SALES_MANAGER, "", "catalina@carrazos.example"),
    ]
    return {
        name.split()[0].lower(): EmployeeFactory(code=code, name=name, function=role, site=site, phone=phone, email=email)
        for code, name, role, phone, email in people
    }


@pytest.fixture
def lead(db):
    return person(Role.CRM_LEAD, first_name="Ramiro")


def reason(kind, code):
    return Reason.objects.get(kind=kind, code=code)


def employee(name):
    return Employee.objects.get(name=name)


def bring(slug, source, *, name="informe.csv", by=None, dry=False, at=MONDAY):
    """Imports a sample file (by name) or bytes."""
    data = (SAMPLES / source).read_bytes() if isinstance(source, str) else source
    batch = pipeline.receive(slug, data, name, by=by, site=None, at=at, repeat=True)
    result = pipeline.import_now(batch, dry_run=dry)
    batch.refresh_from_db()
    return batch, result


def totals(result):
    return result.created, result.updated, result.unchanged, dict(result.excluded), dict(result.rejected)
