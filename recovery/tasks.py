"""Periodic work of the programme."""

from celery import shared_task

from recovery.domain import results


@shared_task(name="recovery.reconcile")
def reconcile() -> int:
    """Once a day everything is looked at again: what an undone call or a correction changed."""
    return results.reconcile()
