"""What is handed to a gateway, and the four things that may be known of it afterwards."""

import uuid
from dataclasses import dataclass


@dataclass(frozen=True)
class Parcel:
    """A message ready to leave. `key` is ours and comes back in the status webhooks; without `template` it is free text."""

    key: uuid.UUID
    to: str  # digits of the E.164 number
    body: str
    template: str = ""
    language: str = "es_CO"
    variables: tuple[str, ...] = ()
    image: str = ""  # name in the storage
    media_id: str = ""  # the image at the provider


@dataclass(frozen=True)
class Accepted:
    """The provider took it and gave it a name."""

    provider_id: str


@dataclass(frozen=True)
class Rejected:
    """The provider said no: nothing left. `code` as in the table of whatsapp/errors.py."""

    code: int
    detail: str = ""


@dataclass(frozen=True)
class NotSent:
    """It never reached the provider, and that is proved: it may be tried again."""

    reason: str


@dataclass(frozen=True)
class Unclear:
    """It may have left: nobody sends it again until a webhook or a person says."""

    reason: str


Result = Accepted | Rejected | NotSent | Unclear
