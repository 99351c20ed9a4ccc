"""Addresses of the reports centre."""

from django.urls import path

from reports import views

app_name = "reports"
urlpatterns = [
    path("", views.centre, name="centre"),
    path("descargas/<int:pk>/", views.run, name="run"),
    path("descargas/<int:pk>/archivo/", views.download, name="download"),
    path("<str:code>/", views.report, name="report"),
    path("<str:code>/generar/", views.ask, name="ask"),
]
