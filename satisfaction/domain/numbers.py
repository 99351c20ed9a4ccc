"""The PQRS and the cases that the search box opens by their number (settings.NUMBER_FINDERS; screens §2.1)."""

import re

from callcenter import roles
from callcenter.domain.search import PER_GROUP, Numbered, finder_of
from callcenter.models import User
from carrazos.lib.text import fold
from satisfaction.domain import notices
from satisfaction.models import FilingCounter, FollowUp, Pqrs

# `PQRS-2026-00012`, `pqrs 12`, `2026-12`, `00012`: a few digits alone are anything else.
FILING = re.compile(r"(?P<word>PQRS)?[\s-]*(?:(?P<year>20\d\d)[\s-]+)?(?P<count>\d{1,5})")
PRINTED = 5  # digits of the number on the letter
CASE = re.compile(r"CASO\D{0,8}(?P<pk>\d{1,9})")


def filings(text: str, years: list[int]) -> list[str]:
    """The numbers that a typed text may be, of these years."""
    found = FILING.fullmatch(fold(text).strip())
    if not found or not (found["word"] or found["year"] or len(found["count"]) == PRINTED):
        return []
    return [f"PQRS-{year}-{int(found['count']):05d}" for year in ([found["year"]] if found["year"] else years)]


@finder_of("PQRS", needs=roles.SEE_PQRS)
def petitions(text: str, user: User) -> list[Numbered]:
    if not filings(text, [0]):
        return []
    numbers = filings(text, list(FilingCounter.objects.values_list("year", flat=True)))
    rows = Pqrs.objects.visible_to(user).filter(number__in=numbers).select_related("customer").order_by("-number")[:PER_GROUP]
    return [
        Numbered(row.number, f"{row.customer} · {row.get_kind_display()} · {row.get_status_display()}", notices.pqrs_url(row.pk))
        for row in rows
    ]


@finder_of("Casos", needs=roles.SEE_FOLLOWUPS)
def cases(text: str, user: User) -> list[Numbered]:
    found = CASE.fullmatch(fold(text).strip())
    rows = FollowUp.objects.visible_to(user).filter(pk=int(found["pk"])).select_related("customer") if found else ()
    return [Numbered(f"Caso n.º {row.pk}", f"{row.customer} · {row.get_light_display()}", notices.follow_up_url(row.pk)) for row in rows]
