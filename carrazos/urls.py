"""Every address of the house, in Spanish, for people (design §6)."""

from django.urls import include, path

urlpatterns = [
    path("", include("callcenter.urls")),
]
