"""All settings of the chat app. Nothing else reads the environment; .env.example and docs/configuration.md explain each variable."""

import json
import os
from pathlib import Path
from typing import Any

from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured

APP = Path(__file__).resolve().parents[1]
ROOT = APP.parent


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name, str(default)).lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value in {"1", "true", "yes", "on"}


def number(name: str, default: int) -> int:
    value = text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def words(name: str, default: str = "") -> list[str]:
    return [word.strip() for word in text(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    return ROOT / text(name, str(default))


def choice(name: str, options: tuple[str, ...]) -> str:
    value = text(name, options[0]).lower()
    if value not in options:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(options)}, not {value!r}.")
    return value


def table(name: str) -> dict[str, Any]:
    try:
        value = json.loads(text(name, "{}"))
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be JSON: {error}.") from error
    if not isinstance(value, dict):
        raise ImproperlyConfigured(f"{name} must be a JSON object.")
    return value


# What this process is
PARLEY_TEST = flag("PARLEY_TEST")
DEBUG = flag("DJANGO_DEBUG")
SECRET_KEY = text("DJANGO_SECRET_KEY")
APP_PORT = number("APP_PORT", 3000)
BOT_PORT = number("BOT_PORT", 3001)
CHAT_API = text("CHAT_API", f"http://127.0.0.1:{APP_PORT}").rstrip("/")

# Who may ask
HTTPS = flag("DJANGO_HTTPS")
BEHIND_PROXY = flag("DJANGO_BEHIND_PROXY")
ALLOWED_HOSTS = words("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = words("DJANGO_CSRF_TRUSTED_ORIGINS")
METRICS_TOKEN = text("METRICS_TOKEN")

INSTALLED_APPS = [
    # Ours first: their templates win.
    "config.apps.ConfigConfig",
    "accounts",
    "chat",
    "bots",
    "api",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "ninja",
]
MIDDLEWARE = [
    "config.middleware.observe",
    "config.middleware.Guard",
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.in_time_zone",
    "accounts.middleware.RefusedForms",
]
ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [APP / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "accounts.context.product",
            ]
        },
    }
]

# PostgreSQL. Under ASGI persistent connections leak, so Django's own pool keeps them; the health check makes a restart of the
# server invisible. A query that takes longer than 5 s is cut: it would hold up everybody.
STATEMENT_TIMEOUT = number("POSTGRES_STATEMENT_TIMEOUT", 5000)
DATABASES: dict[str, Any] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": text("POSTGRES_HOST", "127.0.0.1"),
        "PORT": text("POSTGRES_PORT", "5432"),
        "USER": text("POSTGRES_USER", "parley"),
        "PASSWORD": text("POSTGRES_PASSWORD"),
        "NAME": text("POSTGRES_DB", "parley"),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "pool": {"min_size": 2, "max_size": number("POSTGRES_POOL", 8), "timeout": 5},
            "connect_timeout": 5,
            "options": f"-c statement_timeout={STATEMENT_TIMEOUT} -c idle_in_transaction_session_timeout=60000",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Redis. It carries hints, drafts in flight and throttles; nothing that may not be lost.
REDIS_HOST = text("REDIS_HOST", "127.0.0.1")
REDIS_PORT = number("REDIS_PORT", 6379)
REDIS_PASSWORD = text("REDIS_PASSWORD")
REDIS_URL = f"redis://{':' + REDIS_PASSWORD + '@' if REDIS_PASSWORD else ''}{REDIS_HOST}:{REDIS_PORT}/0"
CHANNEL_LAYERS = {
    # The core layer loses messages under load without a word; this one does not.
    "default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [REDIS_URL], "prefix": "parley:layer"}}
}
CACHES = {
    "default": {
        "BACKEND": "lib.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "parley:cache",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

# Accounts
AUTH_USER_MODEL = "accounts.User"
SIGNUP = choice("SIGNUP", ("open", "invite", "closed"))
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
AUTHENTICATION_BACKENDS = ["accounts.backends.PeopleBackend"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "accounts.passwords.MaximumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if PARLEY_TEST:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # tests sign in hundreds of times
ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*"]
ACCOUNT_USERNAME_VALIDATORS = "accounts.names.VALIDATORS"
ACCOUNT_PRESERVE_USERNAME_CASING = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # or anybody could have us mail strangers
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
ACCOUNT_FORMS = {"signup": "accounts.forms.SignupForm", "login": "accounts.forms.LoginForm"}
# Guessing passwords is throttled in accounts/throttle.py, for every door; these are the limits on the rest.
ACCOUNT_RATE_LIMITS = {
    "login": False,
    "login_failed": False,
    "signup": "20/h/ip",
    "reset_password": "20/h/ip,5/h/key",
    "change_password": "5/m/user",
}
DJANGO_SUPERUSER_USERNAME = text("DJANGO_SUPERUSER_USERNAME")
DJANGO_SUPERUSER_EMAIL = text("DJANGO_SUPERUSER_EMAIL")
DJANGO_SUPERUSER_PASSWORD = text("DJANGO_SUPERUSER_PASSWORD")
DJANGO_SUPERUSER_TOKEN = text("DJANGO_SUPERUSER_TOKEN")

# Sessions and cookies. The __Host- prefix binds a cookie to this host, and browsers take it over HTTPS only.
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_NAME = "__Host-parley_session" if HTTPS else "parley_session"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_NAME = "__Host-parley_csrf" if HTTPS else "parley_csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "config.views.refused"

# What browsers may do with our pages
SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^api/"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if BEHIND_PROXY:  # nginx sets these headers itself, so a visitor cannot
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    USE_X_FORWARDED_HOST = True
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        # The nonce is for the progress bar of Turbo, which writes a style element.
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# Chat: how fast one user may post, with bursts of twice that
POSTS_PER_SECOND = number("POSTS_PER_SECOND", 10)
# How often, in seconds, sockets are told the seqs of their open rooms: what Redis lost is noticed no later
SOCKET_BEAT = number("SOCKET_BEAT", 25)

# Bots
BOT_API = text("BOT_API", f"http://127.0.0.1:{BOT_PORT}").rstrip("/")
BOT_ENDPOINTS = words("BOT_ENDPOINTS")
# Signs what the app asks of the bot manager: to check, try and write bot files
BOT_KEY = text("BOT_KEY")
# What tokens cost, by model and date, over what bots/prices.py knows; and how many tokens one person may use in a day, with all bots
PRICES = table("PRICES")
TOKENS_PER_PERSON = number("TOKENS_PER_PERSON", 0)
# The group whose members may register new bots; without one, staff may
BOT_AUTHORS = text("BOT_AUTHORS")
# Is told, as JSON, when a bot fails for a cause that its owner has not been told of
ALERT_WEBHOOK = text("ALERT_WEBHOOK")


# E-mail: SMTP when there is a host, else files that an operator can read
EMAIL_HOST = text("EMAIL_HOST")
EMAIL_PORT = number("EMAIL_PORT", 587)
EMAIL_HOST_USER = text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = str(path("EMAIL_FILES", ROOT / ".parley" / "mail"))
DEFAULT_FROM_EMAIL = text("DEFAULT_FROM_EMAIL", "Parley <parley@localhost>")

# Files. Static ones are served by config/static.py in front of Django.
STATIC_URL = "/static/"
STATIC_ROOT = path("STATIC_ROOT", ROOT / ".parley" / "static")
STATICFILES_DIRS = [APP / "static"]
MEDIA_ROOT = path("MEDIA_ROOT", ROOT / ".parley" / "media")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.static.BuiltStaticFiles"},
}
# The largest file that can be sent; a plain form may carry several, a little more together
UPLOAD_MEGABYTES = number("UPLOAD_MEGABYTES", 20)
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FILES = 20
LARGEST_BODY = (UPLOAD_MEGABYTES + 5) * 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# Language and time. Times are stored in UTC and shown in the reader's zone.
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Logs
LOG_LEVEL = text("DJANGO_LOG_LEVEL", "INFO").upper()
LOG_FORMAT = choice("DJANGO_LOG_FORMAT", ("console", "json"))
LOGGING_CONFIG = "config.logs.configure"
LOGGING = {
    "level": LOG_LEVEL,
    "format": LOG_FORMAT,
    # Their very values are taken out of every line.
    "secrets": [
        SECRET_KEY,
        DATABASES["default"]["PASSWORD"],
        REDIS_PASSWORD,
        EMAIL_HOST_PASSWORD,
        DJANGO_SUPERUSER_PASSWORD,
        METRICS_TOKEN,
        ALERT_WEBHOOK,
        BOT_KEY,
    ],
}
# HSTS preloading is a promise to browsers' makers for a whole domain: the operator's to make, not ours.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
