"""Addresses of satisfaction."""

from django.urls import path

from callcenter.views.listings import listing_urls, view_urls
from satisfaction.tables import FollowUpList, PqrsList, SurveyList
from satisfaction.views import board, petitions, surveys

app_name = "satisfaction"
urlpatterns = [
    path("detractores/", board.lanes, name="board"),
    *view_urls(board.PLACE, "detractores/", "board"),
    *listing_urls(FollowUpList(), "detractores/tabla/", "followups"),
    path("detractores/reasignar/", board.assign, name="assign"),
    path("detractores/evidencia/<int:pk>/", board.proof, name="proof"),
    path("detractores/<int:pk>/", board.follow_up, name="follow_up"),
    path("detractores/<int:pk>/telefonos/", board.points, name="points"),
    path("detractores/<int:pk>/evidencia/", board.evidence, name="evidence"),
    path("detractores/<int:pk>/escalar/", board.escalate, name="escalate"),
    path("detractores/<int:pk>/tema/", board.classify, name="classify"),
    path("detractores/<int:pk>/portal/", board.portal, name="portal"),
    path("detractores/<int:pk>/confirmar/", board.confirm, name="confirm"),
    path("detractores/<int:pk>/revisar/", board.review, name="review"),
    path("detractores/<int:pk>/<slug:slug>/", board.act, name="act"),
    *listing_urls(SurveyList(), "encuestas/", "surveys"),
    path("encuestas/<int:pk>/", surveys.detail, name="survey"),
    path("encuestas/<int:pk>/responder/", surveys.answer, name="answer"),
    path("encuestas/<int:pk>/portal/", surveys.portal, name="survey_portal"),
    *listing_urls(PqrsList(), "pqrs/", "pqrs"),
    path("pqrs/nueva/", petitions.new, name="pqrs_new"),
    path("pqrs/anexo/<int:pk>/", petitions.attachment, name="pqrs_file"),
    path("pqrs/carta/<int:pk>/", petitions.letter, name="letter"),
    path("pqrs/<int:pk>/", petitions.detail, name="pqrs_detail"),
    path("pqrs/<int:pk>/<slug:slug>/", petitions.step, name="pqrs_step"),
]
