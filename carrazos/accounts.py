"""allauth, closed (accounts are made by administrators), and what a good password is here."""

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from carrazos.lib import text

LONGEST = 256
HOUSE_WORDS = ("carrazos", "callcenter", "call center", "postventa", "posventa", "gestion", "spiga", "volkswagen", "suzuki")


class ClosedAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


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
