"""Brand-audit pack: a seeded sample of the month's cases with everything that proves them, in one file (GSC-CAR-01, visitas de la marca)."""

from dataclasses import replace
from datetime import datetime
from random import Random
from types import MappingProxyType
from typing import Any

from django.db.models import Prefetch

from callcenter.domain.metrics import Slice
from callcenter.models import Appointment, Attempt, Evidence, Message, Outreach
from carrazos.lib.calendar import bogota
from carrazos.lib.ratios import Count
from reports.base import Column, Dataset, Proof, Report, Request, Table
from reports.columns import CUSTOMER, VEHICLE, was_contacted
from reports.drill import Rows

SAMPLE = 25


def seed_of(part: Slice) -> str:
    """What the draw depends on: the same month and scope draw the same cases, whoever asks."""
    sites, brands = ("todas" if keys is None else "+".join(map(str, keys)) for keys in (part.sites, part.brands))
    return f"{part.start:%Y-%m-%d} {part.end:%Y-%m-%d} sedes {sites} marcas {brands}"


def drawn(numbers: list[int], seed: str, size: int = SAMPLE) -> list[int]:
    """A reproducible sample of record ids, in order."""
    return sorted(Random(seed).sample(sorted(numbers), min(size, len(numbers))))  # noqa: S311 -- a draw anyone can repeat


class AuditPack(Report):
    code = "PAQ-AUD"
    drills = MappingProxyType({"Casos en la muestra": lambda o: True})
    elsewhere = MappingProxyType({"Casos del período": Rows(report="R-AGENTES")})  # by agent and programme, each with its own register
    title = "Paquete de auditoría de marca"
    columns = (
        Column("Gestión", lambda o: o.pk, "number", 10, in_pdf=True),
        Column("Programa", lambda o: o.get_programme_display(), width=22, in_pdf=True),
        *CUSTOMER, *VEHICLE,
        Column("Intentos", lambda o: len(o.made), "number", 10, in_pdf=True),
        Column("Contactado", lambda o: "Sí" if was_contacted(o) else "No", width=12, in_pdf=True),
        Column("Resultado", lambda o: o.get_result_display() if o.result else o.get_state_display(), width=18, in_pdf=True),
    )  # fmt: skip

    def population(self, part: Slice) -> list[int]:
        """Every outreach of any programme with a call in the period."""
        rows = Attempt.objects.counted().filter(day__gte=part.start, day__lt=part.end)
        if part.sites is not None:
            rows = rows.filter(outreach__site__in=part.sites)
        if part.brands is not None:
            rows = rows.filter(outreach__brand__in=part.brands)
        return list(rows.values_list("outreach", flat=True).distinct())

    def records(self, part: Slice, at: datetime) -> tuple[Any, ...]:
        chosen = drawn(self.population(part), seed_of(part))
        return tuple(
            Outreach.objects.filter(pk__in=chosen).order_by("pk")
            .select_related("customer", "vehicle", "site", "brand")
            .prefetch_related(
                Prefetch("attempts", Attempt.objects.counted().select_related("agent", "reason", "point", "script"), to_attr="made"),
                Prefetch("appointments", Appointment.objects.order_by("booked_at", "id")),
                Prefetch("messages", Message.objects.order_by("id")),
                Prefetch("evidence", Evidence.objects.order_by("uploaded_at")),
                "customer__points",
            )
        )  # fmt: skip

    def dataset(self, request: Request, *, at: datetime) -> Dataset:
        data = super().dataset(request, at=at)
        part = request.slice
        whole = len(self.population(part))
        drawn_of = (f"Muestra de {len(data.records)} de {whole} casos con llamada en el período, sorteada con la semilla "
                    f"«{seed_of(part)}»: repetirla da los mismos casos.")  # fmt: skip
        figures = (Count("Casos del período", whole, formula="Gestiones con al menos una llamada"),
                   Count("Casos en la muestra", len(data.records), formula=drawn_of))  # fmt: skip
        return replace(data, indicators=figures, tables=tuple(case(row) for row in data.records),
                       proofs_of=("Pantallazos de los casos de la muestra", "Ningún caso de la muestra tiene pantallazo."))  # fmt: skip

    def proofs(self, records: tuple[Any, ...]) -> tuple[Proof, ...]:
        return tuple(
            Proof.pictured(row.pk, f"Gestión {row.pk} · {row.customer.name}", f"Pantallazo del {bogota(picture.uploaded_at):%d/%m/%Y %H:%M}", picture)
            for row in records for picture in row.evidence.all()
        )  # fmt: skip


def case(row: Outreach) -> Table:
    """What happened in one case, in the order it happened."""
    lines = [
        (
            attempt.started_at,
            f"Llamada {attempt.number}",
            str(attempt.reason or attempt.get_outcome_display()),
            attempt.note,
            str(attempt.agent),
        )
        for attempt in row.made
    ]
    lines += [
        (message.sent_at, "WhatsApp", message.get_status_display(), message.body, str(message.sent_by))
        for message in row.messages.all()
        if message.sent_at
    ]
    lines += [
        (booked.booked_at, "Cita", booked.get_status_display(), f"{booked.service}, {bogota(booked.starts_at):%d/%m/%Y %H:%M}", "")
        for booked in row.appointments.all()
    ]
    car = f" · {row.vehicle.plate}" if row.vehicle else ""
    rows = tuple((f"{bogota(moment):%d/%m/%Y %H:%M}", *words) for moment, *words in sorted(lines, key=lambda line: line[0]))
    title = f"Gestión {row.pk}: {row.customer.name}{car} · {row.get_programme_display()}"
    return Table(title, ("Cuándo", "Qué", "Resultado", "Detalle", "Quién"), rows, widths=(16, 11, 21, 36, 16))
