"""Meta's door: the only address without login and without CSRF token; its proof is the signature (domain 5.2, S12)."""

import hmac

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from callcenter.whatsapp import webhook


@login_not_required
@csrf_exempt
@require_http_methods(["GET", "POST"])
def whatsapp(request: HttpRequest) -> HttpResponse:
    """GET proves the address to Meta; POST stores a signed body and answers at once."""
    if not (settings.WHATSAPP_APP_SECRET and settings.WHATSAPP_VERIFY_TOKEN):
        raise Http404
    return verify(request) if request.method == "GET" else receive(request)


def verify(request: HttpRequest) -> HttpResponse:
    token = request.GET.get("hub.verify_token", "")
    ours = hmac.compare_digest(token.encode("utf-8", "replace"), settings.WHATSAPP_VERIFY_TOKEN.encode())
    if request.GET.get("hub.mode") != "subscribe" or not ours:
        return HttpResponse(status=403)
    return HttpResponse(request.GET.get("hub.challenge", "")[:200], content_type="text/plain")


def receive(request: HttpRequest) -> HttpResponse:
    """The signature is of the raw bytes and is proved before anything is read from them."""
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > webhook.MAX_BYTES:
        return HttpResponse(status=413)
    signature = request.headers.get("X-Hub-Signature-256", "")
    if not signature:
        return HttpResponse(status=401)
    body = request.body
    if len(body) > webhook.MAX_BYTES:
        return HttpResponse(status=413)
    if not webhook.signature_is_ours(settings.WHATSAPP_APP_SECRET, body, signature):
        return HttpResponse(status=403)
    webhook.store(body)
    return HttpResponse("ok", content_type="text/plain")
