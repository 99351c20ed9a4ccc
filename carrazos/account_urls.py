"""Login and what belongs to it: allauth's views, only those that this house uses (accounts are made by administrators)."""

from allauth.account import views
from allauth.mfa.base import views as factor
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as keys
from allauth.usersessions import views as sessions
from django.contrib.auth.decorators import login_not_required
from django.urls import path

from callcenter.access import everyone

urlpatterns = [
    path("ingresar/", login_not_required(views.login), name="account_login"),
    path("salir/", views.logout, name="account_logout"),
    path("clave/", everyone(views.password_change), name="account_change_password"),
    path("confirmar/", everyone(views.reauthenticate), name="account_reauthenticate"),
    path("sesiones/", everyone(sessions.list_usersessions), name="usersessions_list"),
    path("segundo-paso/", everyone(factor.index), name="mfa_index"),
    path("segundo-paso/ingresar/", login_not_required(factor.authenticate), name="mfa_authenticate"),
    path("segundo-paso/confirmar/", everyone(factor.reauthenticate), name="mfa_reauthenticate"),
    path("segundo-paso/aplicacion/activar/", everyone(totp.activate_totp), name="mfa_activate_totp"),
    path("segundo-paso/aplicacion/quitar/", everyone(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("segundo-paso/codigos/", everyone(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("segundo-paso/codigos/nuevos/", everyone(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("segundo-paso/codigos/descargar/", everyone(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
    path("segundo-paso/llaves/", everyone(keys.list_webauthn), name="mfa_list_webauthn"),
    path("segundo-paso/llaves/nueva/", everyone(keys.add_webauthn), name="mfa_add_webauthn"),
    path("segundo-paso/llaves/confirmar/", everyone(keys.reauthenticate_webauthn), name="mfa_reauthenticate_webauthn"),
    path("segundo-paso/llaves/<int:pk>/quitar/", everyone(keys.remove_webauthn), name="mfa_remove_webauthn"),
    path("segundo-paso/llaves/<int:pk>/nombre/", everyone(keys.edit_webauthn), name="mfa_edit_webauthn"),
]
