"""Every report of the house drawn: A4, tagged, bookmarked, bounded."""

import pytest

from reports.catalogue import CATALOGUE
from tests.crm_audit.conftest import floor  # noqa: F401 -- a fixture that `everything` asks for
from tests.reports.test_books import everything, looks_right  # noqa: F401 -- the scene

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("code", [report.code for report in CATALOGUE])
def test_every_pdf(everything, code):  # noqa: F811
    looks_right(code)
