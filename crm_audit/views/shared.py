"""Who may do what in the audit, pages without counting, the month that was asked for."""

from datetime import datetime

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest

from callcenter import clock, roles
from carrazos.lib.periods import Month, parse
from crm_audit.timeline import procedure_warning

PAGE = 50
may_see = permission_required(roles.SEE_AUDIT, raise_exception=True)
may_audit = permission_required(roles.AUDIT, raise_exception=True)
may_set_targets = permission_required(roles.SET_TARGETS, raise_exception=True)


def page_number(request: HttpRequest) -> int:
    raw = request.GET.get("page", "1")
    return max(1, min(int(raw), 10_000)) if raw.isdigit() and len(raw) < 6 else 1


def page_context(request: HttpRequest, found: list, size: int = PAGE) -> dict:
    """One page without counting the rest: whether there is a next one is told by one row more."""
    query = request.GET.copy()
    query.pop("page", None)
    return {"rows": found[:size], "page": page_number(request), "has_next": len(found) > size, "query": query.urlencode()}


def page_of(request: HttpRequest, rows) -> dict:
    """The page of a queryset that the address asks for."""
    start = PAGE * (page_number(request) - 1)
    return page_context(request, list(rows[start : start + PAGE + 1]))


def month_of(form) -> Month:
    code = form.cleaned_data.get("month") if form.is_valid() else ""
    return parse(code) if code else Month.of(clock.today())


def shared(at: datetime) -> dict:
    return {"expired": procedure_warning(at), "at": at}
