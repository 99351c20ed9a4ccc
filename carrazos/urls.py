"""Every address of the house, in Spanish, for people (design §6)."""

from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from health_check.views import HealthCheckView

from carrazos import health, metrics

urlpatterns = [
    path("", include("callcenter.urls")),
    path("", include("crm_audit.urls")),
    path("recuperacion/", include("recovery.urls")),
    path("", include("reports.urls")),
    path("", include("satisfaction.urls")),
    path("cuenta/", include("carrazos.account_urls")),
    path("gestion/", admin.site.urls),
    path("", include("callcenter.privacy_urls")),
    path("salud/cifras/", login_not_required(metrics.metrics), name="metrics"),
    path("salud/vivo/", login_not_required(health.alive), name="health_alive"),
    path("salud/listo/", login_not_required(HealthCheckView.as_view(checks=health.CHECKS)), name="health_ready"),
]

handler400 = "carrazos.errors.bad_request"
handler403 = "carrazos.errors.permission_denied"
handler404 = "carrazos.errors.not_found"
handler500 = "carrazos.errors.server_error"
