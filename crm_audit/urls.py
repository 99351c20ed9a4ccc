"""Addresses of the CRM audit."""

from django.urls import path

from crm_audit import views

app_name = "crm_audit"
urlpatterns = [
    path("prospectos/", views.prospects, name="prospects"),
    path("prospectos/verificar/", views.open_checks, name="open_checks"),
    path("prospectos/semaforo/", views.light, name="light"),
    path("prospectos/metas/", views.targets, name="targets"),
    path("prospectos/metas/fijar/", views.set_target, name="set_target"),
    path("prospectos/metas/copiar/", views.copy_targets, name="copy_targets"),
    path("prospectos/completitud/", views.completeness, name="completeness"),
    path("prospectos/<int:pk>/", views.prospect, name="prospect"),
    path("prospectos/<int:pk>/dictamen/", views.decide, name="decide"),
    path("actividades/", views.activities, name="activities"),
    path("actividades/<int:pk>/dictamen/", views.judge, name="judge"),
    path("actividades/<int:pk>/deshacer/", views.take_back, name="take_back"),
    path("actividades/por-aclarar/", views.ambiguous, name="ambiguous"),
    path("actividades/<int:pk>/prospecto/", views.resolve, name="resolve"),
    path("actividades/avisos/", views.notice_list, name="notices"),
    path("actividades/avisos/enviar/", views.send_notices, name="send_notices"),
    path("actividades/avisos/<int:pk>/", views.notice, name="notice"),
    path("aviso-crm/<str:token>/", views.notice_public, name="notice_public"),
]
