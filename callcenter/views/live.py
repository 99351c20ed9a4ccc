"""«En vivo»: agents, queues, and sharing out with a preview (screens §2.7)."""

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles
from callcenter.domain import supervision
from callcenter.domain.calendar import company_calendar
from callcenter.forms import ShareForm
from callcenter.models import User
from carrazos.lib.calendar import bogota
from carrazos.lib.ratios import Ratio

SALT = "callcenter.share"
PREVIEW_MINUTES = 15
LATE_LIMIT, CALLBACK_LIMIT, IDLE_LIMIT = 10, 0, 0
may_supervise = permission_required(roles.SUPERVISE, raise_exception=True)


@may_supervise
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The whole page, or for its clock only the part that changes."""
    template = "callcenter/live.html#now" if request.htmx else "callcenter/live.html"
    context = now_context(request)
    if not request.htmx:
        context["form"] = ShareForm(user=request.user)
    return render(request, template, context)


def now_context(request: HttpRequest) -> dict:
    at = clock.now()
    agents, queues = supervision.agents_now(request.user, at), supervision.queues_now(request.user, at)
    idle = sum(line.tone == "bad" for line in agents)
    late, callbacks = sum(row["late"] for row in queues), sum(row["callbacks"] for row in queues)
    made = Ratio("Efectividad de hoy", sum(line.made.hits for line in agents), sum(line.made.total for line in agents))
    return {
        "at": bogota(at),
        "agents": agents,
        "queues": queues,
        "figures": [
            ("Agentes activos", len(agents) - idle - sum(line.tone == "warn" for line in agents), alarm(idle, IDLE_LIMIT, "sin actividad")),
            ("Intentos en la última hora", supervision.last_hour(request.user, at), ("", "")),
            ("Efectividad de hoy", made.text, (f"{made.fraction} intentos", "")),
            ("En cola ahora", sum(row["now"] for row in queues), alarm(late, LATE_LIMIT, "de días anteriores")),
            ("Rellamadas vencidas", callbacks, alarm(callbacks, CALLBACK_LIMIT, "vencidas")),
        ],
    }  # fmt: skip


def alarm(number: int, limit: int, words: str) -> tuple[str, str]:
    """(sentence, tone): `14 de días anteriores: por encima de 10`."""
    if number <= limit:
        return (f"{number} {words}", "good")
    return (f"{number} {words}: por encima de {limit}" if limit else f"{number} {words}: atiéndalas", "bad")


@may_supervise
@require_POST
def preview(request: HttpRequest) -> HttpResponse:
    """Who would get whom; nothing is written."""
    form = ShareForm(request.POST, user=request.user)
    at = clock.now()
    if not form.is_valid():
        return render(request, "callcenter/live.html", now_context(request) | {"form": form}, status=422)
    data = form.cleaned_data
    rows = supervision.shareable(
        request.user, at, source=data["source"], programme=data["programme"], site=data["site"] and data["site"].pk, most=data["count"]
    )
    share = supervision.share_out(rows, data["targets"])
    sealed = signing.dumps({"pairs": share.pairs, "source": data["source"] and data["source"].pk, "by": request.user.pk}, salt=SALT)
    until = supervision.end_of_work(bogota(at).date(), at, company_calendar())
    context = {"share": share, "sealed": sealed, "source": data["source"], "total": len(share.pairs), "until": until, "at": at}
    return render(request, "callcenter/share.html", context)


@may_supervise
@require_POST
def apply(request: HttpRequest) -> HttpResponse:
    """Shares out exactly what the preview showed; what moved on meanwhile stays where it is."""
    at = clock.now()
    try:
        sealed = signing.loads(request.POST.get("sealed", ""), salt=SALT, max_age=PREVIEW_MINUTES * 60)
    except signing.BadSignature:
        messages.error(request, "La vista previa venció: hágala de nuevo.")
        return redirect("callcenter:live")
    if sealed["by"] != request.user.pk:
        messages.error(request, "Esa vista previa es de otra persona: haga la suya.")
        return redirect("callcenter:live")
    source = User.objects.filter(pk=sealed["source"]).first() if sealed["source"] else None
    until = supervision.end_of_work(bogota(at).date(), at, company_calendar())
    moved = supervision.reserve(sealed["pairs"], request.user, source=source, until=until)
    stayed = len(sealed["pairs"]) - moved
    messages.success(request, f"Repartidas {moved} gestiones, reservadas hasta las {bogota(until):%H:%M}."
                     + (f" {stayed} cambiaron entretanto y quedaron como estaban." if stayed else ""))  # fmt: skip
    return redirect("callcenter:live")
