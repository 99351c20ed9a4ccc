"""What every request passes: clean text in, nothing private left in a shared computer's cache."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

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


def private_pages(get_response: Next) -> Next:
    """`no-store` on every answer to somebody who is logged in."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if request.user.is_authenticated and not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        return response

    return middleware
