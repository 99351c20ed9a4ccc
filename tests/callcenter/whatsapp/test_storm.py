"""F11, the small one: nobody gets a message twice although the line misbehaves and the workers die."""

import pytest

from callcenter.enums import MessageStatus
from tests.outbox_storm import storm


@pytest.mark.usefixtures("house", "monday")
@pytest.mark.django_db(transaction=True)
def test_sixty_messages_and_two_killed_workers(settings):
    ends = storm(60, 2, seconds=120)
    assert ends[MessageStatus.READ] > 10
