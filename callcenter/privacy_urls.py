"""Addresses of habeas data and of the machine's own work."""

from django.urls import path

from callcenter.views import jobs, privacy

app_name = "privacy"
urlpatterns = [
    path("sistema/trabajos/", jobs.jobs, name="jobs"),
    path("sistema/trabajos/<str:label>/<int:pk>/repetir/", jobs.retry, name="retry_job"),
    path("datos-personales/", privacy.requests, name="requests"),
    path("datos-personales/solicitudes/<int:pk>/", privacy.data_request, name="request"),
    path("datos-personales/solicitudes/<int:pk>/<slug:verb>/", privacy.step, name="step"),
    path("datos-personales/autorizaciones/<int:pk>/revocar/", privacy.revoke, name="revoke"),
    path("datos-personales/autorizaciones/<int:pk>/prueba/", privacy.proof, name="proof"),
    path("datos-personales/<int:pk>/", privacy.person, name="person"),
    path("datos-personales/<int:pk>/autorizar/", privacy.authorise, name="authorise"),
    path("datos-personales/<int:pk>/expediente.<slug:kind>", privacy.download, name="file"),
]
