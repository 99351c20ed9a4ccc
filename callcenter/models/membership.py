"""Who belongs to what and may do what: Django's own link tables, audited like ours."""

from django.contrib.auth.models import Group

from callcenter.models.audit import audited
from callcenter.models.organisation import User


class UserGroup(User.groups.through):
    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = "función de usuario", "funciones de usuario"
        triggers = audited()


class UserSite(User.sites.through):
    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = "sede de usuario", "sedes de usuario"
        triggers = audited()


class UserBrand(User.brands.through):
    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = "marca de usuario", "marcas de usuario"
        triggers = audited()


class GroupPermission(Group.permissions.through):
    class Meta:
        proxy = True
        verbose_name, verbose_name_plural = "permiso de función", "permisos de función"
        triggers = audited()
