"""Addresses of the kernel."""

from django.urls import path

from callcenter.views import appointments, console, home, imports

app_name = "callcenter"
urlpatterns = [
    path("", home.home, name="home"),
    path("preferencias/", home.preferences, name="preferences"),
    path("evidencia/<int:pk>/", home.evidence, name="evidence"),
    path("cola/", console.console, name="console"),
    path("cola/siguiente/", console.take_next, name="next"),
    path("cola/<int:pk>/", console.take, name="take"),
    path("cola/<int:pk>/soltar/", console.release, name="release"),
    path("cola/<int:pk>/omitir/", console.skip, name="skip"),
    path("cola/<int:pk>/llamar/", console.start, name="start"),
    path("cola/<int:pk>/vivo/", console.keep, name="keep"),
    path("cola/<int:pk>/resultado/", console.record, name="record"),
    path("cola/<int:pk>/whatsapp/", console.message, name="message"),
    path("cola/<int:pk>/sin-whatsapp/", console.no_whatsapp, name="no_whatsapp"),
    path("cola/intento/<int:pk>/deshacer/", console.undo, name="undo"),
    path("importaciones/", imports.upload, name="imports"),
    path("importaciones/<int:pk>/", imports.batch, name="import"),
    path("importaciones/<int:pk>/aplicar/", imports.confirm, name="import_confirm"),
    path("importaciones/<int:pk>/descartar/", imports.discard, name="import_discard"),
    path("importaciones/<int:pk>/no-importadas/", imports.rejected, name="import_rejected"),
    path("citas/", appointments.day, name="appointments"),
    path("citas/<int:pk>/", appointments.decide, name="decide"),
]
