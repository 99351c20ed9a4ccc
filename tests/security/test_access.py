"""Who gets in, where, and how: S1-S5, S14, S15, S17, S20, S21 of the catalogue."""

import time

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.test import Client
from django.urls import path, reverse

from callcenter import access, roles
from callcenter.models import User
from callcenter.roles import Role
from carrazos import checks
from carrazos.accounts import HouseBackend
from tests.conftest import person
from tests.factories import UserFactory
from tests.security import matrix
from tests.security.addresses import every_address

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("monday")]
PASSWORD = "correct horse battery"


def one_of_each(address, visits):
    """For the commit suite: one role that may and one that may not, other ones for every address."""
    turn = sum(map(ord, address.name))
    may = [visit for visit in visits if address.access.admits(visit.held)]
    may_not = [visit for visit in visits if not address.access.admits(visit.held)]
    return [group[turn % len(group)] for group in (may, may_not) if group]


# -- S1, S2, S3 ------------------------------------------------------------------------------------------------------


def test_s1_every_address_answers_as_its_view_declares(north, centre):
    found = list(matrix.differences((north, centre), list(Role), choose=one_of_each))
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("role", list(Role))
def test_who_comes_with_a_session_has_what_django_would_ask_for(role, north):
    user = person(role, all_sites=False)
    user.sites.add(north)
    user.user_permissions.add(Permission.objects.get(codename="manage_system"))
    theirs, plain = HouseBackend().get_user(user.pk), User.objects.get(pk=user.pk)
    assert theirs.get_all_permissions() == plain.get_all_permissions()
    assert (theirs.functions, theirs.site_ids, theirs.brand_ids) == (plain.functions, plain.site_ids, plain.brand_ids)


def test_a_session_of_somebody_who_left_opens_nothing(client, agent):
    client.force_login(agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert client.get("/cola/").status_code == 302


def test_an_address_that_declares_nothing_stops_the_house(settings, monkeypatch):
    monkeypatch.setattr(checks, "addresses", lambda: [("x:new", "nueva/", path("nueva/", lambda request: None, name="new"))])
    assert [error.id for error in checks.every_address_says_who_may_open_it()] == ["carrazos.E001"]


def test_s3_the_public_sees_the_login_and_the_health_and_nothing_else(client):
    public = {address.name for address in every_address() if address.access.public}
    assert public == {"account_login", "account_logout", "mfa_authenticate", "health_alive", "health_ready"} | PUBLIC_MORE
    for address in every_address():
        if not address.access.public and not address.arguments:
            response = client.get(reverse(address.name))
            assert (response.status_code, response.headers.get("Location", "").split("?")[0]) == (302, matrix.LOGIN), address.name


# Signed by whoever sends: no session, no token of a form.
PUBLIC_MORE = {"callcenter:whatsapp_webhook", "crm_audit:notice_public", "crm_audit:notice_opened", "metrics"}


# -- S1b, S4 ---------------------------------------------------------------------------------------------------------


def model_forms(kind=ModelForm):
    for form in kind.__subclasses__():
        yield form
        yield from model_forms(form)


def test_s1b_every_form_names_its_fields():
    ours = [
        form
        for form in model_forms()
        if form.__module__.split(".")[0] in {"callcenter", "satisfaction", "recovery", "crm_audit", "reports"}
    ]
    assert [form.__name__ for form in ours if not form._meta.fields or form._meta.fields == "__all__"] == []


def test_s1b_a_hidden_field_changes_nothing(client, agent):
    client.force_login(agent)
    before = {field.attname: getattr(agent, field.attname) for field in User._meta.concrete_fields}
    canaries = {field.name: "1" for field in User._meta.concrete_fields} | {"theme": "dark", "density": "compact", "single_keys": "on"}
    client.post(reverse("callcenter:preferences"), canaries | {"groups": "1", "user_permissions": "1", "sites": "1"})
    agent.refresh_from_db()
    changed = {name for name, value in before.items() if getattr(agent, name) != value}
    assert changed <= {"theme", "density"}


def test_s4_no_form_is_taken_without_its_token(north, centre):
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)
    strict.force_login(UserFactory(is_superuser=True))
    exempt = set()
    for address in every_address():
        make = matrix.OBJECTS.get(address.name)
        kwargs = make(north, UserFactory()) if make else matrix.PLAIN.get(address.name, {})
        if strict.post(address.url(kwargs)).status_code != 403:
            exempt.add(address.name)
    assert exempt <= {"health_alive", "health_ready"} | PUBLIC_MORE


# -- S5 --------------------------------------------------------------------------------------------------------------


def test_the_administration_names_functions_as_people_do(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    boss = person(Role.AFTERSALES_MANAGER)
    page = client.get(reverse("admin:callcenter_user_change", args=[boss.pk])).content.decode()
    assert ("Gerente Posventa</option>" in page, "aftersales_manager" in page) == (True, False)
    listed = client.get(reverse("admin:callcenter_user_changelist"), {"function": "aftersales_manager"}).content.decode()
    assert (boss.username in listed, "1 usuario" in listed) == (True, True)


def test_s5_the_administration_does_not_exist_for_a_function_of_the_business(client, north):
    boss = UserFactory(is_superuser=True, is_staff=True, username="jefe")
    climber = person(Role.ADMIN, is_staff=True, all_sites=False)
    climber.user_permissions.set(Permission.objects.all())
    client.force_login(climber)
    names = [f"admin:{model._meta.app_label}_{model._meta.model_name}" for model in admin.site._registry]
    attempts = [reverse("admin:index"), reverse("admin:login"), *(reverse(f"{name}_changelist") for name in names),
                *(reverse(f"{name}_add") for name in names), reverse("admin:callcenter_user_change", args=[climber.pk]),
                reverse("admin:auth_user_password_change", args=[boss.pk])]  # fmt: skip
    assert len(attempts) >= 40
    rise = {"is_superuser": "on", "is_staff": "on", "is_active": "on", "username": climber.username, "password1": "x", "password2": "x"}
    assert {client.get(url).status_code for url in attempts} | {client.post(url, rise).status_code for url in attempts} == {404}
    climber.refresh_from_db()
    boss.refresh_from_db()
    assert (climber.is_superuser, boss.is_superuser) == (False, True)


def test_nobody_logs_in_through_the_administrations_own_door(client):
    response = client.post(reverse("admin:login"), {"username": "x", "password": "x"})
    assert response.url.startswith(matrix.LOGIN)


# -- the second step -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", list(Role))
def test_who_directs_or_administers_must_prove_a_second_step(role, client, settings):
    settings.MFA_REQUIRED = True
    client.force_login(person(role))
    response = client.get("/")
    if role in roles.SECOND_STEP:
        assert response.url == reverse("mfa_index")
        assert client.get(reverse("mfa_index")).status_code == 200
    else:
        assert response.status_code == 200


def test_the_second_step_from_enrolment_to_login(client, settings):
    settings.MFA_REQUIRED = True
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    lead = person(Role.CALL_CENTER_LEAD, username="lider")
    lead.set_password(PASSWORD)
    lead.save()
    client.post(matrix.LOGIN, {"login": "lider", "password": PASSWORD})
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200, page.headers
    secret = page.context["form"].secret
    code = totp.format_hotp_value(totp.hotp_value(secret, totp.yield_hotp_counters_from_time().__next__()))
    done = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert done.status_code == 302, done.content
    assert client.get("/").status_code == 200
    client.post(reverse("account_logout"))
    half = client.post(matrix.LOGIN, {"login": "lider", "password": PASSWORD})
    assert half.url.startswith(reverse("mfa_authenticate"))
    assert client.get("/").status_code == 302  # the password alone opens nothing
    wrong = client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 200
    codes = Authenticator.objects.get(user=lead, type="recovery_codes").wrap().get_unused_codes()
    assert client.post(reverse("mfa_authenticate"), {"code": codes[0]}).status_code == 302
    assert client.get("/").status_code == 200
    assert get_adapter().is_mfa_enabled(lead)


# -- S14, S15, S16, S17 ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", ["//evil.example", "https://evil.example", "https:evil.example", "/\\evil.example", "javascript:alert(1)",
                                   "\thttps://evil.example", "///evil.example", "https://testserver@evil.example"])  # fmt: skip
def test_s14_nothing_sends_a_person_to_another_house(place, client, agent):
    agent.set_password(PASSWORD)
    agent.save()
    answers = [client.post(matrix.LOGIN, {"login": agent.username, "password": PASSWORD, "next": place})]
    client.force_login(agent)
    answers.append(client.post(reverse("callcenter:preferences"), {"theme": "dark", "density": "normal", "next": place}))
    assert [answer.headers.get("Location", "/").startswith("/") for answer in answers] == [True, True]
    assert not any("evil" in answer.headers.get("Location", "") for answer in answers)


def test_s15_a_session_ends_idle_absolute_deactivated_or_with_a_new_password(client, agent, settings):
    def at(**moments):
        client.force_login(agent)
        session = client.session
        session.update({name: int(time.time()) - value for name, value in moments.items()})
        session.save()
        return client.get("/").status_code

    assert at(began=3600, seen=settings.SESSION_IDLE_SECONDS - 60) == 200
    assert at(began=3600, seen=settings.SESSION_IDLE_SECONDS + 60) == 302
    assert at(began=settings.SESSION_MAX_SECONDS + 60, seen=10) == 302
    client.force_login(agent)
    User.objects.filter(pk=agent.pk).update(is_active=False)
    assert client.get("/").status_code == 302
    User.objects.filter(pk=agent.pk).update(is_active=True)
    client.force_login(agent)
    agent.set_password("another one altogether")
    agent.save()
    assert client.get("/").status_code == 302


def test_s15_a_page_that_asks_by_itself_keeps_no_session_alive(client, agent, settings):
    client.force_login(agent)
    session = client.session
    session["seen"] = before = int(time.time()) - 600
    session.save()
    client.get("/", headers={"HX-Request": "true"})
    assert client.session["seen"] == before
    client.get("/")
    assert client.session["seen"] > before


def test_s15_the_key_changes_at_login(client, agent):
    agent.set_password(PASSWORD)
    agent.save()
    client.get(matrix.LOGIN)
    before = client.session.session_key
    client.post(matrix.LOGIN, {"login": agent.username, "password": PASSWORD})
    assert client.session.session_key != before


def test_a_lost_session_inside_a_part_of_a_page_goes_to_the_login(client):
    response = client.get("/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (200, matrix.LOGIN)


def test_s16_guessing_is_slowed_and_others_log_in(client, agent):
    agent.set_password(PASSWORD)
    agent.save()
    for guess in range(8):
        last = client.post(matrix.LOGIN, {"login": agent.username, "password": f"guess {guess}"})
    assert last.status_code in {200, 429}
    late = client.post(matrix.LOGIN, {"login": agent.username, "password": PASSWORD})
    assert late.status_code != 302  # even the right one waits now
    other = UserFactory(username="otra")
    other.set_password(PASSWORD)
    other.save()
    assert Client().post(matrix.LOGIN, {"login": "otra", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("weak", ["Carrazos2026!", "carrazos123456", "password1234", "Volkswagen2026", "callcenter99", "corta",
                                  "GestiónCarrazos1", "x" * 1_000_000])  # fmt: skip
def test_s17_a_weak_password_is_refused(weak):
    with pytest.raises(ValidationError):
        validate_password(weak)


@pytest.mark.parametrize("good", ["cuatro caballos beben leche", "x7" * 32, "ñandú volando sobre el páramo frío" * 3])
def test_s17_a_long_password_of_any_words_is_taken(good):
    validate_password(good)


# -- S20, S21 --------------------------------------------------------------------------------------------------------


def test_s20_every_answer_carries_the_headers(client, north, centre):
    client.force_login(UserFactory(is_superuser=True, is_staff=True))
    names = [address for address in every_address() if not address.arguments and address.name not in {"account_logout", "health_ready"}]
    for url in [*(address.url({}) for address in names), reverse("admin:index"), reverse("admin:callcenter_user_changelist"), "/nada/"]:
        response = client.get(url)
        policy = response.headers["Content-Security-Policy"]
        assert "unsafe" not in policy, url
        assert "default-src 'none'" in policy, url
        assert response.headers["X-Content-Type-Options"] == "nosniff", url
        assert response.headers["X-Frame-Options"] == "DENY", url
        assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin", url
        assert response.headers["Referrer-Policy"] == "same-origin", url
        cache = response.headers.get("Cache-Control", "")
        assert "no-store" in cache or "no-cache" in cache, (url, cache)


def observatory_score(headers: dict[str, str], cookies: str) -> int:
    """Mozilla Observatory's scoring of what this house sends (base 100; penalties for what is missing, bonuses for the strict)."""
    policy = headers.get("Content-Security-Policy", "")
    score = 100
    score += 10 if "default-src 'none'" in policy and "unsafe" not in policy else 5 if policy and "unsafe" not in policy else -25
    score += 0 if "Secure" in cookies and "HttpOnly" in cookies else -20
    score += 0 if int(headers.get("Strict-Transport-Security", "max-age=0").split("max-age=")[1].split(";")[0]) >= 15_768_000 else -20
    score += 5 if headers.get("Referrer-Policy") in {"no-referrer", "same-origin", "strict-origin"} else 0
    score += 0 if headers.get("X-Content-Type-Options") == "nosniff" else -5
    score += 5 if "frame-ancestors 'none'" in policy else 0 if headers.get("X-Frame-Options") else -20
    return score


def test_s20_the_observatory_would_give_a_plus(client, settings):
    settings.SECURE_HSTS_SECONDS, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE = 31_536_000, True, True
    response = Client().get(matrix.LOGIN, secure=True)
    assert observatory_score(dict(response.headers.items()), response.cookies.output()) >= 100


def test_s21_an_error_tells_nothing_of_the_inside(client, agent, monkeypatch):
    client.raise_request_exception = False
    client.force_login(agent)
    monkeypatch.setattr("callcenter.views.home.metrics.calls", lambda *_: 1 / 0)
    response = client.get("/")
    text = response.content.decode()
    assert response.status_code == 500
    assert not any(word in text for word in ("Traceback", "ZeroDivision", "metrics", "callcenter_", "SELECT"))
    assert "No es culpa suya" in text


def test_the_words_of_access_are_read_from_the_view():
    @access.any_permission("a.b", "c.d")
    def view(request):
        return None

    assert access.declared(view) == access.Access(permissions=frozenset({"a.b", "c.d"}), one_is_enough=True)
    assert not access.declared(view).admits({"x.y"})
    assert access.declared(lambda request: None) is None
