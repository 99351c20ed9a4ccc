"""What people are told: in the product at once, by mail in one batch (screens §2.3)."""

from collections.abc import Iterable
from datetime import datetime

from django.urls import reverse

from callcenter.models import Notification, User

TEXT_MAX = 300


def notify(users: Iterable[User | None], key: str, text: str, url: str, *, at: datetime) -> None:
    """One line in the product for each person; the same key twice is one notice."""
    people = {user.pk: user for user in users if user is not None}
    rows = [Notification(user=user, key=key[:120], text=text[:TEXT_MAX], url=url, at=at) for user in people.values()]
    Notification.objects.bulk_create(rows, ignore_conflicts=True)


def follow_up_url(pk: int) -> str:
    return reverse("satisfaction:follow_up", args=[pk])


def pqrs_url(pk: int) -> str:
    return reverse("satisfaction:pqrs_detail", args=[pk])
