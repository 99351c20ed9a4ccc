"""Periodic work of the programme."""

from celery import shared_task

from callcenter.tasks import long_transaction
from recovery.domain import results


@shared_task(name="recovery.reconcile")
def reconcile() -> int:
    """Once a day everything is looked at again: what an undone call or a correction changed."""
    with long_transaction():
        return results.reconcile()
