"""The administrators' site: for superusers only, and for anybody else it does not exist."""

from collections.abc import Callable

from django.contrib.admin import AdminSite
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.decorators import method_decorator


class Management(AdminSite):
    site_title = site_header = "Gestión del sistema"
    site_url = None  # the page says «Volver a la aplicación» itself
    index_title = "Catálogos, usuarios y parámetros"

    def has_permission(self, request: HttpRequest) -> bool:
        """Functions of the business never come in here, whatever their permissions: no way up leads through the admin."""
        return request.user.is_active and request.user.is_superuser

    @method_decorator(login_not_required)
    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        """There is one door: the product's own login, with its second step and its limits."""
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404
        return redirect_to_login(reverse("admin:index"))

    def admin_view(self, view: Callable, cacheable: bool = False) -> Callable:
        inner = super().admin_view(view, cacheable)

        def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            return inner(request, *args, **kwargs)

        return wrapper
