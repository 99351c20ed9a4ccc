"""What every request passes: clean text in, a session that ends, a second step, nothing private left in a shared cache."""

import time
from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url

from callcenter.domain import audit
from callcenter.roles import SECOND_STEP
from carrazos import errors
from carrazos.lib.text import FORBIDDEN

Next = Callable[[HttpRequest], HttpResponse]


def clean_request(get_response: Next) -> Next:
    """Answers 400 when path or query carry NUL or control characters, which PostgreSQL would refuse with a crash."""

    def middleware(request: HttpRequest) -> HttpResponse:
        values = [request.path, *(value for key in request.GET for value in (key, *request.GET.getlist(key)))]
        if any(FORBIDDEN.search(value) for value in values):
            return errors.bad_request(request)
        return get_response(request)

    return middleware


SEEN_EVERY_SECONDS = 60
ACCOUNT_PATHS = "/cuenta/"


def session_limits(get_response: Next) -> Next:
    """Ends a session after half an hour without activity, and after twelve hours whatever happens.

    A page that asks by itself (an htmx GET) is no activity; the heartbeat of an open call (a POST) is.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now, session = int(time.time()), request.session
            began, seen = session.setdefault("began", now), session.setdefault("seen", now)
            if now - seen > settings.SESSION_IDLE_SECONDS or now - began > settings.SESSION_MAX_SECONDS:
                logout(request)
                messages.info(request, "Su sesión terminó por seguridad. Ingrese de nuevo: lo guardado sigue guardado.")
            elif now - seen >= SEEN_EVERY_SECONDS and not (request.method == "GET" and request.headers.get("HX-Request")):
                session["seen"] = now
        return get_response(request)

    return middleware


def lost_session(get_response: Next) -> Next:
    """A part of a page (htmx) whose session ended takes the whole page to the login instead of drawing the login inside it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        doors = (resolve_url(settings.LOGIN_URL), resolve_url("mfa_index"))
        if response.status_code == 302 and request.headers.get("HX-Request") and response["Location"].startswith(doors):
            return HttpResponse(status=200, headers={"HX-Redirect": response["Location"].split("?", 1)[0]})
        return response

    return middleware


def second_step(get_response: Next) -> Next:
    """Whoever manages or administers proves a second step before anything else is shown (settings.MFA_REQUIRED)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        user = request.user
        if not settings.MFA_REQUIRED or not user.is_authenticated:
            return get_response(request)
        if request.path.startswith(ACCOUNT_PATHS):
            request.session.pop("second_step", None)  # it may be set up or taken away there
            return get_response(request)
        if "second_step" not in request.session:
            if (user.is_superuser or SECOND_STEP & user.functions) and not is_mfa_enabled(user):
                messages.warning(
                    request, "Su cargo exige un segundo paso al ingresar: active aquí una aplicación o una llave de seguridad."
                )
                return redirect("mfa_index")
            request.session["second_step"] = True
        return get_response(request)

    return middleware


def acting_user(get_response: Next) -> Next:
    """Tells the database who acts, for the audit trail; a reading request changes nothing and pays nothing."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.method not in {"GET", "HEAD", "OPTIONS"}:
            audit.act_as(request.user.pk, request.path)
        return get_response(request)

    return middleware


def private_pages(get_response: Next) -> Next:
    """`no-store` on every answer to somebody who is logged in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return middleware
