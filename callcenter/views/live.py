"""«En vivo»: agents, queues, and sharing out with a preview (screens §2.7)."""

import uuid
from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from callcenter import clock, roles, seams
from callcenter.domain import notices, supervision
from callcenter.domain.calendar import company_calendar
from callcenter.forms import SayForm, ShareForm
from callcenter.models import User
from carrazos.lib.calendar import bogota
from carrazos.lib.ratios import Ratio

SALT = "callcenter.share"
PREVIEW_MINUTES = 15
may_supervise = permission_required(roles.SUPERVISE, raise_exception=True)


@dataclass(frozen=True)
class Figure:
    """A figure of «En vivo» with its sentence; `tone` is good, bad or none."""

    name: str
    value: str | int
    note: str = ""
    tone: str = ""


@may_supervise
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """The whole page, or for its clock only the part that changes."""
    template = "callcenter/live.html#now" if request.htmx else "callcenter/live.html"
    context = now_context(request)
    if not request.htmx:
        context["form"] = ShareForm(user=request.user, initial={"source": request.GET.get("de"), "count": 10})
    return render(request, template, context)


def now_context(request: HttpRequest) -> dict:
    at = clock.now()
    agents, queues = supervision.agents_now(request.user, at), supervision.queues_now(request.user, at)
    idle = sum(line.tone == "bad" for line in agents)
    paused = sum(line.tone == "warn" for line in agents)
    late, callbacks = sum(row["late"] for row in queues), sum(row["callbacks"] for row in queues)
    made = Ratio("Efectividad de hoy", sum(line.made.hits for line in agents), sum(line.made.total for line in agents))
    figures = [
        Figure("Agentes activos", len(agents) - idle - paused, f"{paused} en pausa · {idle} sin actividad", "bad" if idle else "good"),
        Figure("Intentos en la última hora", supervision.last_hour(request.user, at)),
        Figure("Efectividad de hoy", made.text, f"{made.fraction} intentos"),
        limited("En cola ahora", sum(row["now"] for row in queues), late, supervision.LATE_LIMIT, "de días anteriores"),
        limited("Rellamadas vencidas", callbacks, callbacks, supervision.CALLBACK_LIMIT, "vencida" if callbacks == 1 else "vencidas"),
    ]
    return {
        "at": bogota(at),
        "agents": agents,
        "queues": queues,
        "alarms": supervision.todays_alarms(request.user, at),
        "figures": figures + [figure for source in seams.plugged("LIVE_FIGURES") for figure in source(request.user, at)],
    }


def limited(name: str, value: int, number: int, limit: int, words: str) -> Figure:
    """A figure with what of it is above a limit: `14 de días anteriores: por encima de 10`."""
    if number <= limit:
        return Figure(name, value, f"{number} {words}", "good")
    return Figure(
        name,
        value,
        f"{number} {words}: por encima de {limit}" if limit else f"{number} {words}: {'atiéndala' if number == 1 else 'atiéndalas'}",
        "bad",
    )


@may_supervise
@require_GET
def agent(request: HttpRequest, pk: int) -> HttpResponse:
    """«Ver su cola», only to look at, and a word to them."""
    return render_agent(request, get_object_or_404(supervision.agents_of(request.user), pk=pk))


def render_agent(request: HttpRequest, person: User, *, text: str = "", status: int = 200) -> HttpResponse:
    at = clock.now()
    line = next(line for line in supervision.agents_now(request.user, at) if line.agent == person)
    context = {"line": line, "rows": supervision.queue_of(person, request.user, at), "at": at, "key": uuid.uuid4(), "text": text}
    return render(request, "callcenter/live_agent.html", context, status=status)


@may_supervise
@require_POST
def say(request: HttpRequest, pk: int) -> HttpResponse:
    """«Enviar aviso»: the agent sees it on their page and in their notices."""
    person = get_object_or_404(supervision.agents_of(request.user), pk=pk)
    form = SayForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(error for errors in form.errors.values() for error in errors))
        return render_agent(request, person, text=request.POST.get("text", ""), status=422)
    notices.say_to(person, form.cleaned_data["text"], by=request.user, key=form.cleaned_data["key"], at=clock.now())
    messages.success(request, f"Aviso enviado a {person}.")
    return redirect("callcenter:live")


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
