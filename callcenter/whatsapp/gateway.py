"""One interface for every way a message leaves (domain 5.1)."""

from datetime import datetime
from typing import Protocol

from django.conf import settings

from callcenter.enums import Gateway
from callcenter.whatsapp.agent_phone import AgentPhone
from callcenter.whatsapp.cloud_api import CloudApi
from callcenter.whatsapp.parcel import Parcel, Result


class MessageGateway(Protocol):
    """`name` is stored with the message; a gateway that does not send by itself needs a person and a screenshot."""

    name: Gateway
    sends_by_itself: bool

    def prepare(self, parcel: Parcel, *, at: datetime) -> Parcel | Result:
        """What must stand before the message may leave, and may be done twice (its image); a Result when it failed."""

    def send(self, parcel: Parcel) -> Result:
        """Hands the message over, once, and says what is known of it."""


def current() -> MessageGateway:
    """The gateway that the owner chose (WHATSAPP_MODE)."""
    return CloudApi.from_settings() if settings.WHATSAPP_MODE == Gateway.CLOUD_API else AgentPhone()
