"""Activities whose name fits several prospects: a person says which (domain 3.8, nasty 13)."""

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet

from callcenter.domain.errors import Refused
from callcenter.models import User
from crm_audit.models import Activity, Prospect

WITHIN = timedelta(days=180)


def candidates(activity: Activity, user: User) -> QuerySet[Prospect]:
    """The prospects of the user's scope that have the activity's name, newest first."""
    return (
        Prospect.objects.visible_to(user).filter(site=activity.site_id, name_key=activity.name_key, created_on__gte=activity.day - WITHIN)
        .select_related("advisor").prefetch_related("entries").order_by("-created_on", "-pk")
    )  # fmt: skip


def same_question(activity: Activity) -> QuerySet[Activity]:
    """The activities that wait for the same answer: one advisor, one name."""
    return Activity.objects.filter(is_ambiguous=True, site=activity.site_id, advisor_key=activity.advisor_key, name_key=activity.name_key)


def resolve(activity_id: int, prospect_id: int, *, by: User) -> int:
    """Ties the activity, and the others that ask the same, to one of its candidates; how many. Raises Refused."""
    with transaction.atomic():
        activity = Activity.objects.select_for_update().get(pk=activity_id)
        if not activity.is_ambiguous:
            raise Refused("Esa actividad ya tiene su prospecto.")
        chosen = candidates(activity, by).filter(pk=prospect_id).first()
        if chosen is None:
            raise Refused("Elija uno de los prospectos de la lista.")
        return same_question(activity).update(prospect=chosen, is_ambiguous=False, brand=chosen.brand)
