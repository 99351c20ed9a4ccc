"""F11: 3,000 messages, 30 killed workers, a provider that accepts and does not say so."""

import pytest

from tests.outbox_storm import storm


@pytest.mark.usefixtures("house", "monday")
@pytest.mark.django_db(transaction=True)
def test_f11_three_thousand_messages_and_thirty_killed_workers(settings):
    ends = storm(3_000, 30, workers=4, seconds=480)  # a worker waits for the provider most of its time
    print(f"F11: {dict(ends)}")
