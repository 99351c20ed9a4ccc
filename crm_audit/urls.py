"""Addresses of the CRM audit."""

from django.urls import path

from crm_audit.views import activities, goals, notices, prospects

app_name = "crm_audit"
urlpatterns = [
    path("prospectos/", prospects.prospects, name="prospects"),
    path("prospectos/verificar/", prospects.open_checks, name="open_checks"),
    path("prospectos/semaforo/", prospects.light, name="light"),
    path("prospectos/metas/", goals.targets, name="targets"),
    path("prospectos/metas/fijar/", goals.set_target, name="set_target"),
    path("prospectos/metas/copiar/", goals.copy_targets, name="copy_targets"),
    path("prospectos/completitud/", goals.completeness, name="completeness"),
    path("prospectos/<int:pk>/", prospects.prospect, name="prospect"),
    path("prospectos/<int:pk>/dictamen/", prospects.decide, name="decide"),
    path("actividades/", activities.activities, name="activities"),
    path("actividades/<int:pk>/dictamen/", activities.judge, name="judge"),
    path("actividades/<int:pk>/deshacer/", activities.take_back, name="take_back"),
    path("actividades/por-aclarar/", activities.ambiguous, name="ambiguous"),
    path("actividades/<int:pk>/prospecto/", activities.resolve, name="resolve"),
    path("actividades/avisos/", notices.notice_list, name="notices"),
    path("actividades/avisos/enviar/", notices.send_notices, name="send_notices"),
    path("actividades/avisos/<int:pk>/", notices.notice, name="notice"),
    path("aviso-crm/<str:token>/", notices.notice_public, name="notice_public"),
    path("aviso-crm/<str:token>/abierto/", notices.notice_opened, name="notice_opened"),
]
