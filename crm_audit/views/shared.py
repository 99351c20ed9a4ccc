"""Who may do what in the audit, pages by keyset, the month that was asked for."""

from datetime import datetime

from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import HttpRequest

from callcenter import clock, keyset, roles
from callcenter.views.listings import with_params
from carrazos.lib.periods import Month, parse
from crm_audit.timeline import procedure_warning

PAGE = 50
may_see = permission_required(roles.SEE_AUDIT, raise_exception=True)
may_audit = permission_required(roles.AUDIT, raise_exception=True)
may_set_targets = permission_required(roles.SET_TARGETS, raise_exception=True)


def page_of(request: HttpRequest, rows: QuerySet, *names: str, size: int = PAGE, descending: bool = False) -> dict:
    """The page that the address asks for, in the order of `names`, without counting the rest."""
    found = keyset.cut(rows, names, request.GET, size=size, descending=descending)
    return {
        "rows": found.rows,
        "previous_url": found.previous and with_params(request.GET, before=found.previous),
        "next_url": found.next and with_params(request.GET, after=found.next),
    }


def page_number(request: HttpRequest) -> int:
    raw = request.GET.get("page", "1")
    return max(1, min(int(raw), 10_000)) if raw.isdigit() and len(raw) < 6 else 1


def month_of(form) -> Month:
    code = form.cleaned_data.get("month") if form.is_valid() else ""
    return parse(code) if code else Month.of(clock.today())


def shared(at: datetime) -> dict:
    return {"expired": procedure_warning(at), "at": at}
