"""Who may open an address: every view says so itself, and `manage.py check` refuses a view that does not.

Four words, one of them on every view:

* `@permission_required(roles.X, raise_exception=True)` (Django's): who holds the permission;
* `@any_permission(roles.X, roles.Y)`: who holds one of them;
* `@everyone`: whoever has logged in (one's own home, password, preferences);
* `@login_not_required` (Django's): the public; only login, health and signed webhooks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import wraps
from inspect import getclosurevars
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import resolve

if TYPE_CHECKING:  # the check of addresses reads this file before the models stand
    from callcenter.models import User

View = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Access:
    """What a view says: public, everybody inside, or the permissions of which all (or one) are needed."""

    public: bool = False
    permissions: frozenset[str] = frozenset()
    one_is_enough: bool = False

    def admits(self, held: set[str]) -> bool:
        if self.one_is_enough:
            return bool(self.permissions & held)
        return self.permissions <= held


def everyone(view: View) -> View:
    """Marks a view for whoever has logged in."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        return view(request, *args, **kwargs)

    wrapper.access = Access()
    return wrapper


def any_permission(*permissions: str) -> Callable[[View], View]:
    """Opens a view to who holds one of the permissions; 403 to others."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
            if not any(request.user.has_perm(name) for name in permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        wrapper.access = Access(permissions=frozenset(permissions), one_is_enough=True)
        return wrapper

    return decorate


def layers(view: View) -> Iterator[View]:
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None)


def declared(view: View) -> Access | None:
    """What a view declares; None when it says nothing."""
    if not getattr(view, "login_required", True):
        return Access(public=True)
    of_class = getattr(getattr(view, "view_class", None), "permission_required", None)
    if of_class:
        return Access(permissions=frozenset([of_class] if isinstance(of_class, str) else of_class))
    for layer in layers(view):
        if "access" in vars(layer):
            return layer.access
        test = getclosurevars(layer).nonlocals.get("test_func") if hasattr(layer, "__code__") else None
        names = test and getclosurevars(test).nonlocals.get("perms")
        if names:
            return Access(permissions=frozenset(names))
    return None


def open_to(user: "User", path: str) -> str:
    """The path when the person may open it, else empty: a link that answers 403 is not shown."""
    access = declared(resolve(path.partition("#")[0]).func)
    return path if access and access.admits(user.get_all_permissions()) else ""
