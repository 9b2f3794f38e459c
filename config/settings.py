"""All settings, read from the environment (and `.env`); every variable is named in `.env.example`.

With nothing but DEBUG=1 set, everything runs in one process: SQLite, an in-memory channel layer and cache,
Celery tasks executed in the thread of the request. Each service is switched on by its own URL.
"""

import mimetypes
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from corsheaders.defaults import default_headers
from django.core.exceptions import ImproperlyConfigured

from config import backoffice, schedule

BASE_DIR = Path(__file__).resolve().parent.parent
STATE_DIR = BASE_DIR / "var"
STATE_DIR.mkdir(exist_ok=True)

env = environ.Env()
env.read_env(BASE_DIR / ".env")

DEBUG = env.bool("DEBUG", default=False)


def in_development(default: str) -> object:
    """The default of a variable that a real shop has to set, even if to the same."""
    return default if DEBUG else env.NOTSET


SECRET_KEY = env.str("SECRET_KEY", default="development-only-key-never-for-a-real-shop" if DEBUG else "")
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Set it to a long random string that stays secret, "
        "or set DEBUG=1 to run on this machine for development."
    )
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else [])
# Where browser frontends are served from that may call /graphql, over HTTP and WebSocket.
ALLOWED_ORIGINS = env.list("ALLOWED_ORIGINS", default=["*"] if DEBUG else [f"https://{host}" for host in ALLOWED_HOSTS])
CORS_ALLOW_ALL_ORIGINS = "*" in ALLOWED_ORIGINS
# Cookies of a browser session are for origins that are named.
CORS_ALLOW_CREDENTIALS = not CORS_ALLOW_ALL_ORIGINS
CORS_ALLOWED_ORIGINS = [] if CORS_ALLOW_ALL_ORIGINS else ALLOWED_ORIGINS
CORS_URLS_REGEX = r"^/graphql$"
# By the latter two a browser is made to ask whether a page may send a form with files: accounts.graphql.cookies.
CORS_ALLOW_HEADERS = [*default_headers, "graphql-require-preflight", "apollo-require-preflight"]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "channels",
    "corsheaders",
    "django_filters",
    "strawberry_django",
    "notifications",
    "accounts",
    "catalog",
    "ordering",
    "workflows",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "notifications.origin.middleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "frontend" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# ── Data ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
DATABASES = {"default": env.db("DATABASE_URL", default=in_development(f"sqlite:///{STATE_DIR / 'nexus.sqlite3'}"))}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # The write lock is taken when a transaction begins, so two writers queue instead of failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A file, because tests of live events read it from several threads.
    DATABASES["default"]["TEST"] = {"NAME": str(STATE_DIR / "test.sqlite3")}
else:
    # A pool suits ASGI, where a request's thread lives as long as the request: CONN_MAX_AGE would reconnect each time.
    DATABASES["default"].setdefault("OPTIONS", {})["pool"] = {
        "min_size": 1,
        "max_size": env.int("DATABASE_POOL_SIZE", default=16),
    }
    # Compiling a query takes longer than any of ours runs; counts of large lists would wait for it.
    DATABASES["default"]["OPTIONS"].setdefault("options", "-c jit=off")
    # Planning takes longer than most of ours run: what a connection was asked so many times it has a plan for.
    prepare_after = env.int("DATABASE_PREPARE_AFTER", default=3)
    DATABASES["default"]["OPTIONS"] |= {"server_side_binding": True, "prepare_threshold": prepare_after or None}
    # A connection that did not survive a restart of the server is replaced instead of failing a request.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="")
# In front of this shop's keys and channels, and the name of its queue, where several share one Redis or broker.
REDIS_PREFIX = env.str("REDIS_PREFIX", default="nexus")
if REDIS_URL:
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": REDIS_PREFIX,
        }
    }
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [REDIS_URL], "prefix": REDIS_PREFIX},
        }
    }
else:
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# ── Files and e-mail ─────────────────────────────────────────────────────────────────────────────────────────────────
STATIC_URL = "static/"
STATIC_ROOT = STATE_DIR / "static"
STATICFILES_DIRS = [path for path in [BASE_DIR / "frontend" / "dist"] if path.is_dir()]
# In development files are served from where they are; nothing is collected.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
MEDIA_URL = "media/"
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(STATE_DIR / "media"))
# Pictures go into a bucket of S3, or of what speaks like it, where one is named; anybody may read them there.
MEDIA_S3_BUCKET = env.str("MEDIA_S3_BUCKET", default="")
if MEDIA_S3_BUCKET:
    _PUBLIC = urlsplit(env.str("MEDIA_S3_PUBLIC_URL", default="").rstrip("/"))
    STORAGES["default"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": MEDIA_S3_BUCKET,
            "endpoint_url": env.str("MEDIA_S3_ENDPOINT", default="") or None,
            "region_name": env.str("MEDIA_S3_REGION", default="") or None,
            # Without them, where boto3 looks for them: AWS_ACCESS_KEY_ID, the machine's role …
            "access_key": env.str("MEDIA_S3_ACCESS_KEY", default="") or None,
            "secret_key": env.str("MEDIA_S3_SECRET_KEY", default="") or None,
            "custom_domain": _PUBLIC.netloc + _PUBLIC.path or None,
            "url_protocol": f"{_PUBLIC.scheme or 'https'}:",
            "querystring_auth": False,
            "file_overwrite": False,
            # No name is ever given to another file.
            "object_parameters": {"CacheControl": "public, max-age=31536000, immutable"},
        },
    }
# What nobody may read by its address: files of imports and exports. In the bucket that pictures have they would be
# public, so there is one of its own; without it they are on this machine, which then has to be the only one.
PRIVATE_ROOT = env.path("PRIVATE_ROOT", default=str(STATE_DIR / "private"))
STORAGES["private"] = {
    "BACKEND": "django.core.files.storage.FileSystemStorage",
    "OPTIONS": {"location": str(PRIVATE_ROOT), "base_url": None},
}
if PRIVATE_S3_BUCKET := env.str("PRIVATE_S3_BUCKET", default=""):
    STORAGES["private"] = {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": PRIVATE_S3_BUCKET,
            "endpoint_url": env.str("MEDIA_S3_ENDPOINT", default="") or None,
            "region_name": env.str("MEDIA_S3_REGION", default="") or None,
            "access_key": env.str("MEDIA_S3_ACCESS_KEY", default="") or None,
            "secret_key": env.str("MEDIA_S3_SECRET_KEY", default="") or None,
            "default_acl": None,
        },
    }
# An import's file at most; MAX_REQUEST_BYTES has to have room for it.
MAX_IMPORT_BYTES = 100 * 1024 * 1024
# Not known to every machine's list of types; as bytes of no type, browsers keep it from pages of other hosts.
mimetypes.add_type("image/webp", ".webp")
# What a request may have at most: ten pictures of 10 MB, and the form around them. Without files it is 2.5 MB.
MAX_REQUEST_BYTES = 101 * 1024 * 1024

vars().update(env.email("EMAIL_URL", default=in_development("consolemail://")))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Nexus <shop@example.com>")
# Where links in e-mails and absolute image addresses outside a request point to.
SHOP_URL = env.str("SHOP_URL", default=in_development("http://127.0.0.1:8000"))

# ── People ───────────────────────────────────────────────────────────────────────────────────────────────────────────
AUTH_USER_MODEL = "accounts.User"
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["email", "full_name"]},
    },
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator"},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]
# Keys of access tokens, newest first: the first signs, all are accepted. "HS256:<secret>" or "EdDSA:<seed>".
JWT_KEYS = env.list("JWT_KEYS", default=[f"HS256:{SECRET_KEY}"])
# Read by accounts/tokens.py; the library's own defaults do not check expiry and name the user by e-mail address.
GRAPHQL_JWT = {
    "JWT_AUTH_HEADER_PREFIX": "Bearer",
    "JWT_EXPIRATION_DELTA": timedelta(minutes=15),
    "JWT_REFRESH_EXPIRATION_DELTA": timedelta(days=30),
    "JWT_ISSUER": "nexus",
    "JWT_PAYLOAD_HANDLER": "accounts.tokens.claims_for",
    "JWT_ENCODE_HANDLER": "accounts.tokens.encode",
    "JWT_DECODE_HANDLER": "accounts.tokens.decode",
    "JWT_PAYLOAD_GET_USERNAME_HANDLER": "accounts.tokens.session_in",
    "JWT_GET_USER_BY_NATURAL_KEY_HANDLER": "accounts.tokens.user_of_session",
}
# Without it an account is there as soon as it is registered, and anybody can register with anybody's address.
EMAIL_VERIFICATION = env.bool("EMAIL_VERIFICATION", default=True)
# The pages behind the links in e-mails: /verify-email, /reset-password, /change-email and /stock-alert, each with
# #token=…, and /cart with #id=…
FRONTEND_URL = env.str("FRONTEND_URL", default=SHOP_URL)
# What is held on a person, in parts: each names what tells it, called with `user=`.
PERSONAL_DATA = {
    "account": "accounts.services.privacy.account_data",
    "notifications": "notifications.services.personal_data",
    "catalogue": "catalog.services.privacy.personal_data",
    "orders": "ordering.services.privacy.personal_data",
    "approvals": "workflows.services.personal_data",
}
# Asked inside the erasure's transaction, with `user=`: answers whether something is still to come for the account.
ACCOUNT_ERASURE_GATE = "ordering.services.privacy.has_open_orders"
# Requests an hour, by who asks.
RATE_TIERS = {"ANONYMOUS": 100, "STANDARD": 1_000, "PREMIUM": 5_000}

# ── The shop ─────────────────────────────────────────────────────────────────────────────────────────────────────────
SHOP_CURRENCY = env.str("SHOP_CURRENCY", default="EUR")
# All it sells in: a price list each. What has no price in a currency is not for sale there.
_others = env.list("SHOP_CURRENCIES", default=["USD"] if DEBUG else [])
SHOP_CURRENCIES = list(dict.fromkeys([SHOP_CURRENCY, *_others]))
# Payment gateways by the name a client gives; the sandbox moves no money and is for development and trials.
PAYMENT_GATEWAYS = (
    {"sandbox": "ordering.gateways.sandbox.Sandbox"} if env.bool("SANDBOX_PAYMENTS", default=DEBUG) else {}
)
# Bank transfer and cash on delivery: staff note the money when it is there.
if env.bool("MANUAL_PAYMENTS", default=DEBUG):
    PAYMENT_GATEWAYS["manual"] = "ordering.gateways.manual.Manual"
# Where to transfer it, for the buyer to read.
BANK_TRANSFER_INSTRUCTIONS = env.str("BANK_TRANSFER_INSTRUCTIONS", default="")
# Cards by Stripe, where the shop has its secret key; its webhooks come to /webhooks/stripe, signed with this secret.
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRET = env.str("STRIPE_WEBHOOK_SECRET", default=env.NOTSET if STRIPE_SECRET_KEY else "")
STRIPE_API_BASE = env.str("STRIPE_API_BASE", default="https://api.stripe.com")
if STRIPE_SECRET_KEY:
    PAYMENT_GATEWAYS["stripe"] = "ordering.gateways.stripe.Stripe"
# Whether prices are what is paid (the European way), or tax comes on top at checkout (the American way).
PRICES_INCLUDE_TAX = env.bool("PRICES_INCLUDE_TAX", default=True)
# The kinds of goods that are taxed differently; the first is what products are unless somebody says otherwise.
TAX_CLASSES = ["standard", *env.list("TAX_CLASSES", default=["reduced", "zero"])]
# Called with `country=`, `region=` and `tax_classes=`, inside the checkout's transaction: answers from memory or a
# table with an `ordering.pricing.Rate` for each class that is taxed there.
TAX_STRATEGY = "ordering.services.taxes.table_rates"
# Who sells, as invoices name it: the address in lines, separated by "|"; further typefaces for scripts that the first
# does not have (it has Latin, Greek and Cyrillic), as files.
SELLER_NAME = env.str("SELLER_NAME", default="Nexus")
SELLER_ADDRESS = [line.strip() for line in env.str("SELLER_ADDRESS", default="").split("|") if line.strip()]
SELLER_TAX_ID = env.str("SELLER_TAX_ID", default="")
DOCUMENT_NOTE = env.str("DOCUMENT_NOTE", default="")
DOCUMENT_FONTS = env.list("DOCUMENT_FONTS", default=[])
# So many days after its parcel left, a buyer may ask to send something back.
RETURN_DAYS = env.int("RETURN_DAYS", default=30)
# Orders must be worth at least this much: "EUR=10.00,USD=12.00".
MINIMUM_ORDER_AMOUNTS = {code: Decimal(value) for code, value in env.dict("MINIMUM_ORDER_AMOUNTS", default={}).items()}
# Asked inside the checkout's transaction: answers whether the order must wait for somebody's approval.
ORDER_APPROVAL_GATE = "workflows.services.hold_for_approval"
# Asked when a review is written, with `user=` and `product_id=`: answers whether they bought it here.
PURCHASE_CHECK = "ordering.services.bought.has_bought"
# News that goes up: event type → tasks of apps above, called after the commit, at least once, with `event_id=` and
# `subject_id=`.
EVENT_REACTIONS = {
    "account.data_export_requested": ["accounts.tasks.make_data_export"],
    "account.erased": [
        "catalog.tasks.forget_customer",
        "ordering.tasks.forget_customer",
        "workflows.tasks.forget_customer",
    ],
    "job.started": ["catalog.tasks.begin_job"],
    "order.confirmed": ["ordering.tasks.settle_payment", "ordering.tasks.fulfill_digital"],
    "order.paid": ["ordering.tasks.fulfill_digital", "ordering.tasks.issue_invoice"],
    "order.payment_accepted": ["ordering.tasks.settle_payment"],
    "order.refund_requested": ["ordering.tasks.settle_refunds"],
    "order.released": ["ordering.tasks.settle_payment", "ordering.tasks.fulfill_digital"],
    "order.cancelled": ["ordering.tasks.settle_payment", "workflows.tasks.withdraw_approvals"],
    "order.refunded": ["ordering.tasks.issue_credit_note"],
    "order.rejected": ["ordering.tasks.settle_payment"],
    "product.file_added": ["ordering.tasks.fulfill_open_digital"],
    "product.images_added": ["catalog.tasks.make_thumbnails"],
    "variant.back_in_stock": ["catalog.tasks.answer_stock_alerts"],
    "webhook.received": ["ordering.tasks.apply_webhook"],
}


# ── The admin ────────────────────────────────────────────────────────────────────────────────────────────────────────
# Its sign-in page does not say where to go next.
LOGIN_REDIRECT_URL = "admin:index"
UNFOLD = backoffice.UNFOLD

# ── Background work ──────────────────────────────────────────────────────────────────────────────────────────────────
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default=REDIS_URL) or "memory://localhost"
CELERY_TASK_ALWAYS_EAGER = CELERY_BROKER_URL == "memory://localhost"
# One queue a shop, so that shops on one broker do not take each other's work.
CELERY_TASK_DEFAULT_QUEUE = REDIS_PREFIX
CELERY_TASK_IGNORE_RESULT = True
# A task is acknowledged when done, so one whose worker dies is run again: every task may run twice.
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A web process never waits for a broker that is down: the sweep delivers what could not be enqueued.
CELERY_TASK_PUBLISH_RETRY = False
# `max_retries` is about the connection; without it each event of a request would wait for six seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "max_retries": 0,
    **({"socket_connect_timeout": 2} if CELERY_BROKER_URL.startswith("redis") else {}),
}
CELERY_BEAT_SCHEDULE_FILENAME = str(STATE_DIR / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE = schedule.SCHEDULE

# ── Live delivery ────────────────────────────────────────────────────────────────────────────────────────────────────
# A follower re-reads the table this often even when no bell rang: what a lost message costs, in seconds.
LIVE_POLL_SECONDS = env.float("LIVE_POLL_SECONDS", default=20.0)

# ── Transport ────────────────────────────────────────────────────────────────────────────────────────────────────────
# Behind a proxy that sets them, X-Forwarded-Proto and X-Forwarded-For are believed.
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)
if not DEBUG:
    if BEHIND_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=True)
    SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]

LANGUAGE_CODE = "en"
USE_TZ = True
TIME_ZONE = "UTC"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        # Django's own handler in development would tell of everything a second time.
        "django": {"handlers": []},
        # The view answers with a coded error and logs what it masks; the library would log every refusal again.
        "strawberry.execution": {"level": "CRITICAL"},
        "celery.app.trace": {"level": "WARNING" if CELERY_TASK_ALWAYS_EAGER else "INFO"},
        # The schedule runs in the server itself then, and would tell of every task.
        "celery.beat": {"level": "WARNING" if CELERY_TASK_ALWAYS_EAGER else "INFO"},
        "daphne": {"level": "WARNING"},
        "django.channels.server": {"level": "WARNING"},
        # It would tell of each table of a typeface.
        "fontTools": {"level": "WARNING"},
        # It would tell of every request to Stripe, twice.
        "stripe": {"level": "WARNING"},
    },
}
