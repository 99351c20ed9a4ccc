"""Campaigns: whom they take in, where these stand in the queue, and what comes of them (control of GSC-PRO-02's risk)."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Count, Q, QuerySet

from callcenter.enums import NextStep, Outcome, OutreachState, Priority
from callcenter.models import Attempt, Campaign, Outreach, User
from carrazos.lib.ratios import Ratio


def candidates(campaign: Campaign, viewer: User) -> QuerySet[Outreach]:
    """Open matters of the campaign's brand and programme that nobody has called yet and that are in no other campaign."""
    rows = Outreach.objects.visible_to(viewer).open().free().of(campaign.programme).filter(brand=campaign.brand_id, campaign__isnull=True)
    return rows.filter(next_step=NextStep.CALL, calls_made=0, is_callback=False)


def enrol(campaign: Campaign, viewer: User) -> int:
    """Takes the candidates in, with the campaign's priority; how many."""
    with transaction.atomic():
        return candidates(campaign, viewer).update(campaign=campaign, priority=campaign.priority)


def follow_priority(campaign: Campaign) -> int:
    """Moves those not yet called to the campaign's lane after it changed; how many."""
    waiting = Outreach.objects.open().filter(campaign=campaign, calls_made=0, is_callback=False)
    return waiting.exclude(priority=campaign.priority).update(priority=campaign.priority)


def close_over(on: date) -> int:
    """Gives the customers of campaigns that ended the ordinary place in the queue; how many."""
    over = Outreach.objects.filter(state=OutreachState.OPEN, campaign__ends_on__lt=on, calls_made=0, is_callback=False)
    return over.exclude(priority=Priority.FIRST).update(priority=Priority.FIRST)


def results(campaigns: list[Campaign]) -> dict[int, dict]:
    """campaign → taken in, called, contact and booking ratios; in two queries."""
    taken = dict(Outreach.objects.filter(campaign__in=campaigns).values_list("campaign").order_by().annotate(n=Count("pk")))
    rows = (
        Attempt.objects.counted().filter(outreach__campaign__in=campaigns).values("outreach__campaign").order_by()
        .annotate(
            called=Count("outreach", distinct=True), reached=Count("outreach", distinct=True, filter=Q(is_contact=True)),
            booked=Count("outreach", distinct=True, filter=Q(outcome=Outcome.BOOKED)),
        )
    )  # fmt: skip
    found = {row.pop("outreach__campaign"): row for row in rows}
    nothing = {"called": 0, "reached": 0, "booked": 0}
    return {
        campaign.pk: (row := found.get(campaign.pk, nothing)) | {
            "taken": taken.get(campaign.pk, 0), "booking": Ratio("Efectividad de agendamiento", row["booked"], row["reached"]),
        }
        for campaign in campaigns
    }  # fmt: skip


def phase(campaign: Campaign, at: datetime) -> tuple[str, str]:
    """(word, tone) of the campaign on a day."""
    on = at.date()
    if on < campaign.starts_on:
        return "Por empezar", "info"
    return ("Terminada", "") if on > campaign.ends_on else ("En curso", "good")
