"""Addresses of reports, indicators and improvement."""

from django.urls import path

from callcenter.views.listings import view_urls
from reports.views import centre as views
from reports.views import editions, improvement, indicators

app_name = "reports"
urlpatterns = [
    path("indicadores/", indicators.table, name="indicators"),
    *view_urls(indicators.PLACE, "indicadores/", "indicators"),
    path("indicadores/cerrar/", indicators.close, name="close_month"),
    path("indicadores/<str:code>/", indicators.indicator, name="indicator"),
    path("mejora/", improvement.actions, name="actions"),
    *view_urls(improvement.PLACE, "mejora/", "actions"),
    path("mejora/nueva/", improvement.new, name="new_action"),
    path("mejora/informe/", improvement.report, name="improvement_report"),
    path("mejora/<int:pk>/", improvement.action, name="action"),
    path("mejora/<int:pk>/<str:step>/", improvement.move, name="move_action"),
    path("mejora/evidencia/<int:pk>/", improvement.evidence, name="action_evidence"),
    path("informes/", views.centre, name="centre"),
    *view_urls(views.PLACE, "informes/", "centre"),
    path("informes/descargas/<int:pk>/", views.run, name="run"),
    path("informes/descargas/<int:pk>/archivo/", views.download, name="download"),
    path("informes/ediciones/<int:pk>/", editions.edition, name="edition"),
    path("informes/ediciones/<int:pk>/revisar/", editions.review, name="review"),
    path("informes/ediciones/<int:pk>/aprobar/", editions.approve, name="approve"),
    path("informes/ediciones/<int:pk>/enviar/", editions.send, name="send"),
    path("informes/ediciones/<int:pk>/corregir/", editions.correct, name="correct"),
    path("informes/ediciones/<int:pk>/reintentar/<int:delivery>/", editions.retry, name="retry"),
    path("informes/ediciones/<int:pk>/<str:kind>/", editions.file, name="edition_file"),
    path("informes/<str:code>/preparar/", editions.prepare, name="prepare"),
    path("informes/<str:code>/", views.report, name="report"),
    path("informes/<str:code>/generar/", views.ask, name="ask"),
]
