"""Writes callcenter/roles.py into Django's groups; run at every release, harmless twice."""

from django.contrib.auth.models import Group, Permission
from django.core.management.base import BaseCommand

from callcenter.models import Position
from callcenter.roles import PERMISSIONS, TITLES, Role


class Command(BaseCommand):
    help = "Escribe las funciones y sus permisos."

    def handle(self, **options):
        known = {f"{row.content_type.app_label}.{row.codename}": row for row in Permission.objects.select_related("content_type")}
        for role in Role:
            group, _ = Group.objects.get_or_create(name=role.value)
            group.permissions.set([known[name] for name in PERMISSIONS[role]])
            Position.objects.get_or_create(function=role.value, defaults={"title": TITLES[role]})
