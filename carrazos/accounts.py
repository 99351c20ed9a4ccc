"""allauth, closed (accounts are made by administrators), and what a good password is here."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest

from callcenter import clock
from callcenter.domain import system
from callcenter.models import User
from callcenter.prepared import Prepared
from carrazos.lib import text

LONGEST = 256
HOUSE_WORDS = ("carrazos", "callcenter", "call center", "postventa", "posventa", "gestion", "spiga", "volkswagen", "suzuki")


# Whoever asks for a page, with all that rules of access ask of them, in one query: it opens every request.
FIELDS = [field.attname for field in User._meta.concrete_fields]
HELD = ("held_functions", "held_permissions", "site_ids", "brand_ids")
WHO = Prepared(f"""
SELECT {", ".join(f"u.{field.column}" for field in User._meta.concrete_fields)},
       ARRAY(SELECT g.name FROM auth_group g JOIN callcenter_user_groups m ON m.group_id = g.id WHERE m.user_id = u.id) AS held_functions,
       ARRAY(SELECT t.app_label || '.' || p.codename FROM auth_permission p JOIN django_content_type t ON t.id = p.content_type_id
              WHERE EXISTS (SELECT FROM auth_group_permissions gp JOIN callcenter_user_groups m ON m.group_id = gp.group_id
                             WHERE gp.permission_id = p.id AND m.user_id = u.id)
                 OR EXISTS (SELECT FROM callcenter_user_user_permissions up WHERE up.permission_id = p.id AND up.user_id = u.id)
       ) AS held_permissions,
       ARRAY(SELECT s.id FROM callcenter_site s WHERE u.all_sites
                OR EXISTS (SELECT FROM callcenter_user_sites us WHERE us.site_id = s.id AND us.user_id = u.id) ORDER BY s.id) AS site_ids,
       ARRAY(SELECT b.id FROM callcenter_brand b WHERE u.all_brands
                OR EXISTS (SELECT FROM callcenter_user_brands ub WHERE ub.brand_id = b.id AND ub.user_id = u.id) ORDER BY b.id) AS brand_ids
  FROM callcenter_user u WHERE u.id = %(user)s""")  # noqa: S608 -- our own columns


class HouseBackend(AuthenticationBackend):
    """allauth's logins; a session's user comes with functions, permissions and scope already read."""

    def get_user(self, user_id: int) -> User | None:
        found = WHO.row({"user": user_id})
        if found is None:
            return None
        user = User.from_db(connection.alias, FIELDS, found[: len(FIELDS)])
        if not self.user_can_authenticate(user):
            return None
        for name, value in zip(HELD, found[len(FIELDS) :], strict=True):
            setattr(user, name, value)
        user.functions = frozenset(user.held_functions)
        return user

    def get_all_permissions(self, user_obj: AbstractBaseUser, obj: object = None) -> set[str]:
        if obj is not None or user_obj.is_superuser or not user_obj.is_active or not hasattr(user_obj, "held_permissions"):
            return super().get_all_permissions(user_obj, obj)
        return set(user_obj.held_permissions)


class ClosedAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: object) -> None:
        system.login_failed(clock.now())


class HouseWordsValidator:
    """Refuses a password that is little more than a word of the house, and one too long to be typed by anybody."""

    def validate(self, password: str, user: AbstractBaseUser | None = None) -> None:
        if len(password) > LONGEST:
            raise ValidationError(f"La clave puede tener {LONGEST} caracteres como máximo.", code="password_too_long")
        rest = text.key(password)
        for word in HOUSE_WORDS:
            rest = rest.replace(text.key(word), "")
        letters = "".join(char for char in rest if char.isalpha())
        if rest != text.key(password) and len(letters) < 6:
            raise ValidationError("La clave no puede ser el nombre de la empresa, una marca o el área con números.", code="house_word")

    def get_help_text(self) -> str:
        return "No use el nombre de la empresa, una marca o el área como clave."
