"""S1: requests every address as every role and says where the answer is not the declared one."""

import re
from collections.abc import Iterable, Iterator

from django.contrib.auth.models import Group, Permission
from django.test import Client

from callcenter.roles import Role
from tests.conftest import person
from tests.security.addresses import CANARY, NEEDS_FORM_FIRST, OBJECTS, PLAIN, POSTED, Address, every_address

NOWHERE = {"pk": 999_999_999}
LOGIN = "/cuenta/ingresar/"


def permissions_of(role: Role) -> set[str]:
    rows = Permission.objects.filter(group=Group.objects.get(name=role.value)).select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


def body(response) -> str:
    """The page without what differs from one request to the next."""
    if response.streaming:
        return ""
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"|X-CSRFToken": "[^"]*"', "", response.content.decode())
    return re.sub(r"/\d+/", "/N/", text)


class Visit:
    """One role's person of the north site, logged in."""

    def __init__(self, role: Role, north):
        self.role, self.held = role, permissions_of(role)
        self.person = person(role, all_sites=False)
        self.person.sites.add(north)
        self.client = Client(raise_request_exception=False)
        self.client.force_login(self.person)

    def ask(self, method: str, url: str, data: dict):
        response = getattr(self.client, method)(url, data if method == "post" else None)
        for close in response._resource_closers:
            close()
        return response


def differences(sites: tuple, roles: Iterable[Role], *, methods=("get", "post"), choose=None) -> Iterator[str]:
    """What every address answers against what its view declares; nothing when they agree."""
    north, centre = sites
    visits = [Visit(role, north) for role in roles]
    for address in every_address():
        if address.access.public:
            continue
        if address.arguments and address.name not in OBJECTS and address.name not in PLAIN:
            yield f"{address.name}: declare its object in tests/security/addresses.py"
            continue
        for visit in choose(address, visits) if choose else visits:
            for method in methods:
                yield from judge(address, visit, method, north, centre)
                # A page may log out; the next address starts logged in.
                visit.client.force_login(visit.person)


def judge(address: Address, visit: Visit, method: str, north, centre) -> list[str]:
    what = f"{method.upper()} {address.name} as {visit.role}"
    make, data = OBJECTS.get(address.name), POSTED.get(address.name, {})
    own = visit.ask(method, address.url(make(north, visit.person) if make else PLAIN.get(address.name, {})), data)
    if not address.admits(visit.held):
        closed = {403, 405} if address.access.admits(visit.held) else {403}  # whom the page admits learns that it takes only a form
        return [] if own.status_code in closed else [f"{what}: {own.status_code} instead of 403"]
    found = []
    if own.status_code in {403, 500} or (own.status_code == 404 and make) or own.headers.get("Location", "").startswith(LOGIN + "?"):
        found.append(f"{what}: {own.status_code} on what is theirs")
    if method == "get" and CANARY.lower() in body(own).lower():
        found.append(f"{what}: shows a foreign row")
    if make and own.status_code != 405 and address.name not in NEEDS_FORM_FIRST:
        foreign = visit.ask(method, address.url(make(centre, visit.person)), data)
        missing = visit.ask(method, address.url(make(centre, visit.person) | NOWHERE), data)
        if (foreign.status_code, missing.status_code) != (404, 404):
            found.append(f"{what}: foreign {foreign.status_code}, missing {missing.status_code} instead of 404")
        elif body(foreign) != body(missing):
            found.append(f"{what}: a foreign row can be told from a missing one")
    return found
