"""Login and what belongs to it: allauth's views, only those that this house uses (accounts are made by administrators)."""

from allauth.account import views
from django.contrib.auth.decorators import login_not_required
from django.urls import path

urlpatterns = [
    path("ingresar/", login_not_required(views.login), name="account_login"),
    path("salir/", views.logout, name="account_logout"),
    path("clave/", views.password_change, name="account_change_password"),
    path("confirmar/", views.reauthenticate, name="account_reauthenticate"),
]
