"""Celery as a doorbell: beat rings, a worker claims due rows from PostgreSQL, nothing of value is in the broker.

Losing Redis, a message or a worker delays work and loses none. No ETA, no countdown, no result backend.
"""

import os
from datetime import timedelta

from celery import Celery
from celery.beat import PersistentScheduler
from celery.schedules import crontab

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "carrazos.settings")

from django.conf import settings

from carrazos.lib.pulse import show_life


class Scheduler(PersistentScheduler):
    """Beat's own, which shows that it lives."""

    def tick(self, *arguments, **named):
        show_life(settings.PULSE_FILE)
        return super().tick(*arguments, **named)


app = Celery("carrazos", broker=settings.REDIS_URL)
app.conf.update(
    broker_connection_retry_on_startup=True,
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "socket_keepalive": True},
    task_ignore_result=True,
    task_acks_late=False,
    task_time_limit=settings.JOB_SECONDS + 60,  # the second line: callcenter/tasks.py ends a job that hangs
    worker_prefetch_multiplier=1,
    worker_max_tasks_per_child=200,
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    timezone="America/Bogota",
    beat_max_loop_interval=1,
    beat_scheduler="carrazos.celery:Scheduler",
)

# When things run. Each entry expires just before the next ring, so that a stopped worker finds no pile of messages.
RING = timedelta(seconds=2)
app.conf.beat_schedule = {
    "ring": {"task": "callcenter.ring", "schedule": RING, "options": {"expires": 1.8}},
    "release-leases": {"task": "callcenter.release_leases", "schedule": timedelta(seconds=15), "options": {"expires": 14}},
    "sweep-messages": {"task": "callcenter.sweep_messages", "schedule": timedelta(seconds=15), "options": {"expires": 14}},
    "follow-appointments": {"task": "callcenter.follow_appointments", "schedule": timedelta(minutes=2), "options": {"expires": 110}},
    "purge-webhooks": {"task": "callcenter.purge_webhooks", "schedule": timedelta(hours=12), "options": {"expires": 3600}},
    "close-campaigns": {"task": "callcenter.close_campaigns", "schedule": timedelta(hours=1), "options": {"expires": 3500}},
    "close-messaged": {"task": "callcenter.close_unanswered", "schedule": timedelta(minutes=10), "options": {"expires": 590}},
    "fold-tallies": {"task": "callcenter.fold_tallies", "schedule": timedelta(minutes=10), "options": {"expires": 590}},
    "alarms": {"task": "callcenter.raise_alarms", "schedule": timedelta(minutes=5), "options": {"expires": 290}},
    "duplicates": {"task": "callcenter.scan_duplicates", "schedule": crontab(hour=4, minute=10), "options": {"expires": 3600}},
    "seal-trail": {"task": "callcenter.seal_trail", "schedule": crontab(minute=20), "options": {"expires": 3500}},
    "verify-trail": {"task": "callcenter.verify_trail", "schedule": crontab(hour=3, minute=30), "options": {"expires": 3600}},
    "retire": {"task": "callcenter.retire", "schedule": crontab(hour=2, minute=10), "options": {"expires": 3600}},
    "recovery": {"task": "recovery.reconcile", "schedule": crontab(hour=4, minute=40), "options": {"expires": 3600}},
    "follow-ups": {"task": "satisfaction.sweep", "schedule": timedelta(minutes=5), "options": {"expires": 290}},
    "detractors-digest": {"task": "satisfaction.digest", "schedule": crontab(hour=8, minute=0), "options": {"expires": 3600}},
    "tell-people": {"task": "callcenter.tell_people", "schedule": timedelta(minutes=30), "options": {"expires": 1790}},
    "prepare-reports": {"task": "reports.prepare_due", "schedule": timedelta(minutes=15), "options": {"expires": 890}},
}
app.autodiscover_tasks()
