"""Production's settings with fast passwords, plain static names, and files in a folder of the run."""

import os
import tempfile
from pathlib import Path

from carrazos.settings import *  # noqa: F403
from carrazos.settings import STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Each pytest worker has its own files, as it has its own database: a backup counts what is in the folder.
MEDIA_ROOT = Path(os.environ.setdefault("TEST_MEDIA_ROOT", tempfile.mkdtemp(prefix="carrazos-media-")))
MEDIA_ROOT = MEDIA_ROOT / os.environ.get("PYTEST_XDIST_WORKER", "one")
STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
MIDDLEWARE = [name for name in MIDDLEWARE if "whitenoise" not in name]  # noqa: F405 -- no collected files to serve
CLOCK_SHIFT = int(os.environ.get("TEST_CLOCK_SHIFT", "0"))  # a killed worker of a test plays its Monday
MFA_REQUIRED = False  # tests/security turns it on
BACKUP_RECIPIENT = ""
METRICS_TOKEN = "figures-for-tests"
