"""The user's manual, inside the product: each role's day, and the topics they share."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from callcenter.access import everyone
from callcenter.roles import Role


@dataclass(frozen=True)
class Topic:
    slug: str
    title: str
    summary: str
    functions: frozenset[str] = frozenset()  # whose day it is; empty: everybody's

    @property
    def template(self) -> str:
        return f"help/{self.slug}.html"


TOPICS = (
    Topic("agente", "El día del agente", "Importar, llamar con el teclado, WhatsApp con su evidencia, citas.",
          frozenset({Role.CALL_CENTER_AGENT, Role.CALL_CENTER_LEAD})),
    Topic("coordinacion", "El día de la coordinación", "Listados del día, reparto, en vivo, rellamadas vencidas.",
          frozenset({Role.CALL_CENTER_LEAD, Role.AFTERSALES_DIRECTOR})),
    Topic("asesor", "El día del asesor y del taller", "Sus casos por vencimiento, la evidencia, las citas.",
          frozenset({Role.SERVICE_ADVISOR, Role.SALES_ADVISOR, Role.WORKSHOP_CHIEF, Role.BODYSHOP_CHIEF})),
    Topic("direccion", "El día de la dirección", "Detractores, evidencia antes del verde, informes por revisar.",
          frozenset({Role.AFTERSALES_DIRECTOR, Role.AFTERSALES_MANAGER, Role.SALES_MANAGER})),
    Topic("gerencia", "El mes de la gerencia", "Indicadores, cierre, aprobación de informes, acciones de mejora.",
          frozenset({Role.AFTERSALES_MANAGER, Role.SALES_MANAGER, Role.GENERAL_MANAGEMENT})),
    Topic("crm", "El día del Líder CRM", "Prospectos, actividades, correos a asesores, semáforo.", frozenset({Role.CRM_LEAD})),
    Topic("calidad", "Calidad y documentos", "Versiones, vigencias, evidencias, paquete de auditoría.",
          frozenset({Role.QUALITY_COORDINATOR, Role.MARKETING_COORDINATOR})),
    Topic("administracion", "Administración", "Usuarios, catálogos, calendario, trabajos, copias de respaldo.", frozenset({Role.ADMIN})),
    Topic("ley", "Cuándo se puede llamar", "Horarios, festivos, una vez al día, «no me llamen»: Ley 2300 en la práctica."),
    Topic("importar", "Importar de SPIGA", "Qué archivo, qué columnas, qué hacer con lo que no entró."),
)  # fmt: skip
BY_SLUG = {topic.slug: topic for topic in TOPICS}


@everyone
@require_GET
def manual(request: HttpRequest) -> HttpResponse:
    """The topics, one's own first."""
    mine = [topic for topic in TOPICS if topic.functions & request.user.functions]
    others = [topic for topic in TOPICS if topic not in mine]
    return render(request, "help/index.html", {"mine": mine, "others": others})


@everyone
@require_GET
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    if slug not in BY_SLUG:
        raise Http404
    return render(request, BY_SLUG[slug].template, {"topic": BY_SLUG[slug]})
