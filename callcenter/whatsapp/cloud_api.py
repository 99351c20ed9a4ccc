"""Meta's Cloud API, the part we use (domain 5.2): a template with image header, free text, and the upload of an image.

No idempotency key exists there, so an answer that does not prove acceptance or refusal is `Unclear` and stays so.
Each request opens its own connection: on a kept one, a server that hangs up would leave every such case unclear.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.core.files.storage import default_storage
from urllib3.exceptions import NewConnectionError

from callcenter.enums import Gateway
from callcenter.models import UploadedMedia
from callcenter.whatsapp.parcel import Accepted, NotSent, Parcel, Rejected, Result, Unclear

CONNECT_SECONDS = 4
MEDIA_LIVES = timedelta(days=25)  # Meta keeps an upload for 30


@dataclass(frozen=True)
class CloudApi:
    """A line: its address, number and key."""

    base_url: str
    line: str  # Meta's phone_number_id
    token: str
    read_seconds: float = 15

    name = Gateway.CLOUD_API
    sends_by_itself = True

    @classmethod
    def from_settings(cls) -> "CloudApi":
        return cls(settings.WHATSAPP_API_URL, settings.WHATSAPP_PHONE_NUMBER_ID, settings.WHATSAPP_TOKEN, settings.WHATSAPP_TIMEOUT)

    def prepare(self, parcel: Parcel, *, at: datetime) -> Parcel | Result:
        """Sees that Meta holds the image; the same image is uploaded once in 25 days."""
        if not parcel.image:
            return parcel
        with default_storage.open(parcel.image) as file:
            data = file.read()
        sha256 = hashlib.sha256(data).hexdigest()
        known = UploadedMedia.objects.filter(line=self.line, sha256=sha256, expires_at__gt=at).first()
        if known is None:
            answer = self.upload(data)
            if not isinstance(answer, str):
                return answer
            known, _ = UploadedMedia.objects.update_or_create(
                line=self.line, sha256=sha256, defaults={"media_id": answer, "expires_at": at + MEDIA_LIVES}
            )
        return replace(parcel, media_id=known.media_id)

    def upload(self, data: bytes) -> str | Result:
        """The media's id. An upload that is not sure is simply repeated: nobody receives it."""
        form = {"messaging_product": "whatsapp", "type": "image/jpeg"}
        answer = self.post("media", data=form, files={"file": ("imagen.jpg", data, "image/jpeg")})
        if isinstance(answer, NotSent | Unclear):
            return NotSent(answer.reason)
        status, payload = answer
        if status < 300 and isinstance(payload.get("id"), str):
            return payload["id"]
        return NotSent(f"Meta respondió {status} a la imagen.") if status >= 500 or status < 300 else rejection(status, payload)

    def send(self, parcel: Parcel) -> Result:
        answer = self.post("messages", json=body_of(parcel))
        return answer if isinstance(answer, NotSent | Unclear) else outcome(*answer)

    def post(self, path: str, **content: Any) -> tuple[int, dict] | NotSent | Unclear:
        """(status, payload), or what a broken connection proves."""
        try:
            answer = requests.post(
                f"{self.base_url}/{self.line}/{path}", headers={"Authorization": f"Bearer {self.token}"}, timeout=(CONNECT_SECONDS, self.read_seconds),
                allow_redirects=False, **content,
            )  # fmt: skip
        except (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError):
            return NotSent("No hubo conexión con Meta.")
        except requests.exceptions.ConnectionError as error:
            cause = getattr(error.args[0], "reason", None) if error.args else None
            return NotSent("No hubo conexión con Meta.") if isinstance(cause, NewConnectionError) else Unclear("Se cortó la conexión.")
        except requests.exceptions.Timeout:
            return Unclear("Meta no respondió a tiempo.")
        except requests.exceptions.RequestException:
            return Unclear("La respuesta de Meta no se pudo leer.")
        try:
            payload = answer.json()
        except ValueError:
            payload = {}
        return answer.status_code, payload if isinstance(payload, dict) else {}


def body_of(parcel: Parcel) -> dict:
    """The request's JSON. Our key travels with it and comes back in every status."""
    message = {
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": parcel.to, "biz_opaque_callback_data": str(parcel.key),
    }  # fmt: skip
    if not parcel.template:
        return message | {"type": "text", "text": {"preview_url": False, "body": parcel.body}}
    components = []
    if parcel.media_id:
        components.append({"type": "header", "parameters": [{"type": "image", "image": {"id": parcel.media_id}}]})
    if parcel.variables:
        components.append({"type": "body", "parameters": [{"type": "text", "text": value} for value in parcel.variables]})
    template = {"name": parcel.template, "language": {"code": parcel.language}, "components": components}
    return message | {"type": "template", "template": template}


def outcome(status: int, payload: dict) -> Result:
    """What an answer proves: a name was given, it was refused, or neither."""
    if status < 300:
        match payload:
            case {"messages": [{"id": str(provider_id)}, *_]} if provider_id:
                return Accepted(provider_id)
        return Unclear("Meta respondió sin el identificador del mensaje.")
    if status >= 500 or status < 400:
        return Unclear(f"Meta respondió {status}.")
    return rejection(status, payload)


def rejection(status: int, payload: dict) -> Rejected:
    """The code and words of a 4xx; without a code its own number stands for it."""
    match payload:
        case {"error": {"code": int(code), **rest}}:
            data = rest.get("error_data")
            detail = data.get("details") if isinstance(data, dict) else rest.get("message")
            return Rejected(code, str(detail or "")[:300])
    return Rejected(status)
