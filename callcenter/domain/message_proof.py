"""Which customers that nobody reached were due a message, and what proves that it went (GSC-PRO-02 §5, PRO-16; domain 5.1).

By the agent's telephone the screenshot proves it, on Meta's line the word that it arrived. Nothing is owed of a case whose
calls still go on, nor of one without a mobile.
"""

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from callcenter.enums import NextStep, Result
from callcenter.models import CompanyContact, ContactPoint, Evidence, Message, Outreach

MOBILES = ContactPoint.objects.for_whatsapp().mobiles()
HAS_MOBILE = Exists(MOBILES.filter(customer=OuterRef("customer"))) | Exists(
    CompanyContact.objects.current().filter(company=OuterRef("customer"), person__points__in=MOBILES)
)
DUE = (
    Q(Exists(Message.objects.standing().filter(outreach=OuterRef("pk"))))
    | Q(next_step=NextStep.WHATSAPP)
    | Q(result=Result.EXHAUSTED) & Q(HAS_MOBILE)
)
PROVED = Q(Exists(Evidence.objects.filter(outreach=OuterRef("pk")))) | Q(
    Exists(Message.objects.delivered().filter(outreach=OuterRef("pk")))
)


def told(rows: QuerySet[Outreach]) -> QuerySet[Outreach]:
    """The outreaches with `message_due` and `is_proved`."""
    return rows.annotate(
        message_due=ExpressionWrapper(DUE, output_field=BooleanField()), is_proved=ExpressionWrapper(PROVED, output_field=BooleanField())
    )


def due(rows: QuerySet[Outreach]) -> QuerySet[Outreach]:
    return rows.filter(DUE)


def proved(rows: QuerySet[Outreach]) -> QuerySet[Outreach]:
    return rows.filter(PROVED)


def lacking(rows: QuerySet[Outreach]) -> QuerySet[Outreach]:
    """Those that were due a message and have no proof of it."""
    return due(rows).filter(~PROVED)
