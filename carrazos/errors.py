"""Error pages in Spanish: what happened and what to do, nothing about the inside."""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def page(request: HttpRequest, status: int, title: str, advice: str) -> HttpResponse:
    return render(request, "error.html", {"title": title, "advice": advice, "status": status}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 400, "La solicitud no se entiende", "Vuelva a la página anterior e intente de nuevo.")


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    advice = "Su cargo no incluye esta página. Si la necesita para su trabajo, pídala al administrador."
    return page(request, 403, "No tiene permiso", advice)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    advice = "Revise la dirección o busque de nuevo desde el inicio. Si llegó por un aviso, el asunto pudo pasar a otra persona."
    return page(request, 404, "No existe o no es de su sede", advice)


def too_large(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return page(request, 413, "El archivo es demasiado grande", "El límite es de 20 MB. Divida el archivo y súbalo por partes.")


RETRY_SECONDS = "5"


def server_error(request: HttpRequest) -> HttpResponse:
    """Our fault, in three kinds: the database is away (come back at once), the disk is full (tell somebody), anything else."""
    cause = sys.exception()
    if isinstance(cause, OperationalError | InterfaceError):
        response = page(
            request, 503, "El sistema vuelve en unos segundos", "Espere un momento y repita: lo que había guardado sigue guardado."
        )
        response["Retry-After"] = RETRY_SECONDS
        return response
    if isinstance(cause, OSError) and cause.errno in {errno.ENOSPC, errno.EDQUOT}:
        return page(
            request, 507, "No cabe en el disco del servidor", "Nada quedó a medias. Avise al administrador y repita cuando haya espacio."
        )
    advice = "No es culpa suya y quedó registrado. Lo que había guardado sigue guardado. Espere un minuto y repita."
    return page(request, 500, "Algo falló de nuestro lado", advice)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    advice = "La página llevaba mucho tiempo abierta. Recárguela y repita: lo guardado no se pierde."
    return page(request, 403, "La sesión de esta página venció", advice)
