"""Every setting, from the environment. A secret has no default: without it the product does not start.

On a machine without services `manage.py` fills in what a laptop needs (carrazos/local).
"""

from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from carrazos.logs import start_error_reports

env = environ.Env()
ROOT = Path(__file__).resolve().parent.parent

# -- core
DEBUG = env.bool("DEBUG", default=False)


def secret(name: str, *, at_least: int) -> str:
    """A secret of the environment; a short one is as bad as none."""
    value = env(name)
    if not DEBUG and (len(value) < at_least or len(set(value)) < 5):
        raise ImproperlyConfigured(f"{name} debe tener al menos {at_least} caracteres al azar.")
    return value


SECRET_KEY = secret("SECRET_KEY", at_least=50)
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=True)
# Where people open the product: what mails link to.
PUBLIC_URL = next(iter(CSRF_TRUSTED_ORIGINS), "") or f"{'https' if HTTPS else 'http'}://{next(iter(ALLOWED_HOSTS), 'localhost')}"
ROOT_URLCONF = "carrazos.urls"
WSGI_APPLICATION = "carrazos.wsgi.application"
STATE_ROOT = Path(env("STATE_ROOT", default=str(ROOT / ".local")))

INSTALLED_APPS = [
    "carrazos.apps.CarrazosConfig",
    "callcenter",
    "recovery",
    "satisfaction",
    "crm_audit",
    "reports",
    "carrazos.apps.ManagementConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django.contrib.humanize",
    "csp",
    "pgtrigger",
    "django_htmx",
    "django_tables2",
    "django_filters",
    "health_check",
    "template_partials",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "carrazos.middleware.clean_request",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "carrazos.logs.named_request",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "carrazos.middleware.lost_session",
    "carrazos.middleware.session_limits",
    "carrazos.middleware.second_step",
    "carrazos.middleware.acting_user",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "carrazos.middleware.private_pages",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "carrazos.context.frame",
            ],
            "builtins": ["django.templatetags.static", "template_partials.templatetags.partials", "callcenter.templatetags.ui"],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# -- database: PostgreSQL only
DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"] |= {
    "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=60),
    "CONN_HEALTH_CHECKS": True,
    # Django prepares nothing; the one statement that asks for it (the queue's claim) is prepared, and planned once.
    "OPTIONS": {
        "prepare_threshold": 1_000_000,
        "options": "-c statement_timeout=15000 -c lock_timeout=3000 -c idle_in_transaction_session_timeout=30000"
        " -c plan_cache_mode=force_generic_plan",
    },
}
# The role that web, worker and beat log in with; `release` runs as the owner and grants it its work (callcenter/domain/grants.py).
APP_DATABASE_ROLE = env("APP_DATABASE_ROLE", default="")
JOB_STATEMENT_TIMEOUT_MS = 600_000
# A job of any kind that has not ended by then hangs: its process ends, and it is tried again.
JOB_SECONDS = env.int("JOB_SECONDS", default=900)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}}

# -- jobs: Celery is only a doorbell (carrazos/celery.py)
REDIS_URL = env("REDIS_URL")

# -- people and access
AUTH_USER_MODEL = "callcenter.User"
AUTHENTICATION_BACKENDS = ["carrazos.accounts.HouseBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "carrazos.accounts.HouseWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "carrazos.accounts.ClosedAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
# Forty people of one office log in at seven behind one address; five wrong passwords of one account make it wait, never lock.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "60/m/ip,5/5m/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
}
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
# Who must prove a second step (callcenter/roles.py): applications, security keys and recovery codes. The demo turns it off and says so.
MFA_REQUIRED = env.bool("MFA_REQUIRED", default=True)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Carrazos"
MFA_FORMS = {"add_webauthn": "carrazos.account_forms.AddKeyForm"}
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = 30 * 60
SESSION_MAX_SECONDS = 12 * 3600
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "carrazos.errors.csrf_failure"
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^salud/"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "connect-src": [SELF],
        "font-src": [SELF],
        "form-action": [SELF],
        "manifest-src": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

# -- language and time: one country
LANGUAGE_CODE = "es-co"
LANGUAGES = [("es-co", "Español de Colombia")]
USE_I18N = True
TIME_ZONE = "America/Bogota"
USE_TZ = True
# Seconds between the real clock and the product's (callcenter/clock.py): a demo at night plays the next morning.
CLOCK_SHIFT = env.int("CLOCK_SHIFT", default=0)

# -- files
STATIC_URL = "/static/"
STATICFILES_DIRS = [ROOT / "static"]
STATIC_ROOT = STATE_ROOT / "static"
MEDIA_ROOT = Path(env("MEDIA_ROOT", default=str(STATE_ROOT / "media")))
STORAGES = {
    "default": {"BACKEND": "carrazos.storage.WholeFiles"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # half the files to compress; every page names the hashed ones
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_HANDLERS = [
    "carrazos.uploads.SizeLimitHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
UPLOAD_MAX_BYTES = 20 * 1024 * 1024

# -- mail
EMAIL_URL = env.email_url("EMAIL_URL", default="consolemail://")
EMAIL_BACKEND = EMAIL_URL["EMAIL_BACKEND"]
EMAIL_HOST = EMAIL_URL.get("EMAIL_HOST", "")
EMAIL_PORT = EMAIL_URL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = EMAIL_URL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = EMAIL_URL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = EMAIL_URL.get("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("FROM_EMAIL", default="Carrazos <no-responder@carrazos.example>")

# -- WhatsApp: `agent_phone` (an agent's telephone and a screenshot) or `cloud_api` (Meta sends; needs the four secrets)
WHATSAPP_MODE = env("WHATSAPP_MODE", default="agent_phone")
if WHATSAPP_MODE not in {"agent_phone", "cloud_api"}:
    raise ImproperlyConfigured("WHATSAPP_MODE debe ser agent_phone o cloud_api.")
WHATSAPP_API_URL = env("WHATSAPP_API_URL", default="https://graph.facebook.com/v26.0")
WHATSAPP_PHONE_NUMBER_ID = env("WHATSAPP_PHONE_NUMBER_ID", default="")
WHATSAPP_TOKEN = env("WHATSAPP_TOKEN", default="")
WHATSAPP_APP_SECRET = env("WHATSAPP_APP_SECRET", default="")
WHATSAPP_VERIFY_TOKEN = env("WHATSAPP_VERIFY_TOKEN", default="")
if WHATSAPP_MODE == "cloud_api" and not all((WHATSAPP_PHONE_NUMBER_ID, WHATSAPP_TOKEN, WHATSAPP_APP_SECRET, WHATSAPP_VERIFY_TOKEN)):
    raise ImproperlyConfigured("cloud_api necesita WHATSAPP_PHONE_NUMBER_ID, _TOKEN, _APP_SECRET y _VERIFY_TOKEN.")
WHATSAPP_TIMEOUT = env.float("WHATSAPP_TIMEOUT", default=15)  # seconds to wait for Meta's answer
WHATSAPP_DAILY_LIMIT = env.int("WHATSAPP_DAILY_LIMIT", default=250)  # people per moving 24 hours (domain 5.2)

# -- the product: what is plugged in, in order, named by path
SPIGA_FEEDS = [
    "callcenter.feeds.ProactiveFeed",
    "recovery.feeds.RecoveryFeed",
    "satisfaction.feeds.AftersalesFeed",
    "satisfaction.feeds.SalesFeed",
    "satisfaction.drive.DriveAftersalesFeed",
    "satisfaction.drive.DriveSalesFeed",
    "callcenter.spiga.agenda.AppointmentsFeed",
    "callcenter.exclusions.ExclusionsFeed",
    "crm_audit.feeds.TrafficFeed",
    "crm_audit.feeds.VisitsFeed",
    "callcenter.spiga.companion.CompanionFeed",
    "callcenter.spiga.employees.EmployeesFeed",
]
JOBS = {
    "callcenter.Erasure": "callcenter.domain.erasure.run",
    "callcenter.Retention": "callcenter.domain.erasure.retire",
    "callcenter.ImportBatch": "callcenter.spiga.pipeline.run",
    "callcenter.WebhookDelivery": "callcenter.whatsapp.webhook.run",
    "callcenter.Message": "callcenter.whatsapp.outbox.run",
    "callcenter.Mail": "callcenter.domain.mail.run",
    "satisfaction.Letter": "reports.render.letters.run",
    "recovery.RecoveryList": "recovery.domain.lists.run",
    "callcenter.DuplicateScan": "callcenter.domain.matching.scan",
    "callcenter.ListExport": "callcenter.exports.run",
    "reports.ReportRun": "reports.domain.runs.run",
    "reports.Edition": "reports.domain.editions.run",
    "reports.Delivery": "reports.domain.editions.deliver",
}
# True: a report with customers that nobody reached and no screenshot of their message is not sent (PRO-16); False: it only says so.
REPORTS_NEED_EVIDENCE = env.bool("REPORTS_NEED_EVIDENCE", default=False)
# What the kernel asks of the programmes (callcenter/seams.py says each shape).
COMPLAINT_DESK = "satisfaction.domain.followups.open_complaint"
ON_UNDO: list[str] = [
    "crm_audit.domain.validity.undo_in_call",
    "satisfaction.domain.surveys.undo",
    "satisfaction.domain.followups.undo",
    "recovery.domain.results.undone",
]
TIMELINE_SOURCES: list[str] = [
    "satisfaction.domain.timeline.surveys",
    "satisfaction.domain.timeline.changes",
    "satisfaction.domain.timeline.steps",
    "crm_audit.timeline.events",
    "recovery.pages.events",
]
OPEN_MATTERS: list[str] = [
    "satisfaction.domain.timeline.open_cases",
    "satisfaction.domain.timeline.open_petitions",
    "crm_audit.timeline.matters",
    "recovery.pages.matters",
]
NUMBER_FINDERS: list[str] = ["satisfaction.domain.numbers.petitions", "satisfaction.domain.numbers.cases"]
HOME_CARDS: list[str] = ["satisfaction.home.cards", "recovery.pages.cards", "reports.home.cards", "crm_audit.timeline.cards"]
HOME_PANELS: list[str] = ["satisfaction.home.panels", "reports.home.panels", "crm_audit.timeline.panels"]
LIVE_FIGURES: list[str] = ["satisfaction.home.live_figures"]
PROGRAMME_PAGES: dict[str, str] = {
    "AFTERSALES_SURVEY": "satisfaction.pages.SurveyPage",
    "SALES_SURVEY": "satisfaction.pages.SurveyPage",
    "PROSPECT_CHECK": "crm_audit.pages.ProspectPage",
    "RECOVERY": "recovery.pages.RecoveryPage",
    "CONFIRMATION": "callcenter.pages.ConfirmationPage",
}
KEPT_WITHIN_DAYS = env.int("KEPT_WITHIN_DAYS", default=5)  # an order proves an appointment this many days around it
WORK_ORDERS_CHANGED = ["callcenter.domain.kept.orders_changed", "recovery.domain.results.orders_changed"]
APPOINTMENTS_DECIDED = ["recovery.domain.results.appointment_decided"]
DEMO_BUILDERS: list[str] = [
    "recovery.demo.build",
    "satisfaction.demo.build",
    "crm_audit.demo.build",
    "reports.demo.build",
    "callcenter.demo.morning.start",
]
# The long lists of the house (callcenter/tables.py): saved views and exports find them here.
LISTINGS = [
    "callcenter.tables.CustomerList",
    "satisfaction.tables.FollowUpList",
    "satisfaction.tables.SurveyList",
    "satisfaction.tables.PqrsList",
]
# Where people's data lives and how long it is kept (callcenter/domain/personal_data.py): a programme adds its own lines.
PERSONAL_DATA = [
    "callcenter.domain.personal_data.KERNEL",
    "recovery.personal_data.HOLDINGS",
    "crm_audit.personal_data.HOLDINGS",
    "satisfaction.personal_data.HOLDINGS",
    "reports.personal_data.HOLDINGS",
]
RETENTION = [
    "callcenter.domain.personal_data.KERNEL_TERMS",
    "crm_audit.personal_data.TERMS",
    "satisfaction.personal_data.TERMS",
    "reports.personal_data.TERMS",
]
REDACTORS = ["reports.personal_data.redact"]
PDF_DRAWER = "reports.render.pdf.draw"
# Recognises whoever was erased when a later file brings them again; losing it forgets them, changing it too.
PERSONAL_DATA_KEY = secret("PERSONAL_DATA_KEY", at_least=32)
DATA_POLICY_URL = env("DATA_POLICY_URL", default="https://carrazos.example/datos")

# -- logs, figures, errors, backups
# JSON in production; a line for people on a laptop. What a line may carry: carrazos/logs.py.
LOG_FORMAT = env("LOG_FORMAT", default="json")
METRICS_TOKEN = env("METRICS_TOKEN", default="")
SENTRY_DSN = env("SENTRY_DSN", default="")
PULSE_FILE = env("PULSE_FILE", default="")  # touched by a worker or a beat that lives: what the container's healthcheck asks
BACKUP_RECIPIENT = env("BACKUP_RECIPIENT", default="")
# Mailboxes outside the house that keep each day's seal of the audit trail (callcenter/domain/seals.py).
AUDIT_SEALS_TO = env.list("AUDIT_SEALS_TO", default=[])
start_error_reports(SENTRY_DSN)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "carrazos.logs.json_formatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
        "celery.app.trace": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
