"""Addresses of the programme."""

from django.urls import path

from recovery.views import board

app_name = "recovery"
urlpatterns = [
    path("", board.board, name="board"),
    path("clientes/", board.rows, name="rows"),
    path("preparar/", board.prepare, name="prepare"),
    path("empezar/", board.start, name="start"),
    path("clientes/<int:pk>/devolver/", board.restore, name="restore"),
    path("clientes/<int:pk>/retirar/", board.remove, name="remove"),
]
