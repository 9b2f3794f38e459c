"""The project's settings, for tests: development mode, a quick password hash, no mail server."""

import os

os.environ.setdefault("DEBUG", "1")

from config.settings import *  # noqa: F403

if name := os.environ.get("TEST_DATABASE_NAME"):
    DATABASES["default"]["TEST"] = {"NAME": name}  # noqa: F405
SHOP_CURRENCIES = [SHOP_CURRENCY]  # noqa: F405
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
