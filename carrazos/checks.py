"""What `manage.py check` asks of the house itself."""

from collections.abc import Iterator

from django.core.checks import Error
from django.urls import URLPattern, URLResolver, get_resolver

from callcenter.access import declared


def addresses(resolver: URLResolver | None = None, route: str = "", spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, str, URLPattern]]:
    """(name with namespace, route, pattern) of every address."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry, path, (*spaces, *([entry.namespace] if entry.namespace else [])))
        else:
            yield ":".join((*spaces, entry.name or "")), path, entry


def every_address_says_who_may_open_it(**_options: object) -> list[Error]:
    """An address without a declared permission is an error (callcenter/access.py says how to declare one)."""
    return [
        Error(
            f"The view of {path!r} ({name}) does not say who may open it.",
            hint="Put one word of callcenter/access.py on the view: permission_required, any_permission, everyone, login_not_required.",
            id="carrazos.E001",
        )
        for name, path, pattern in addresses()
        if not name.startswith("admin:") and declared(pattern.callback) is None
    ]
