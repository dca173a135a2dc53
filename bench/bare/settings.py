"""Django for the bare stack: a database with a pool, a channel layer, and no middleware."""

import os

SECRET_KEY = "only-for-the-bench"  # noqa: S105 (it guards nothing)
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["bench.bare"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench.bare.web"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["POSTGRES_HOST"],
        "PORT": os.environ["POSTGRES_PORT"],
        "USER": os.environ["POSTGRES_USER"],
        "PASSWORD": os.environ["POSTGRES_PASSWORD"],
        "NAME": os.environ["POSTGRES_DB"],
        "OPTIONS": {"pool": {"min_size": 2, "max_size": 8}},
    }
}
REDIS_URL = os.environ["REDIS_URL"]
CHANNEL_LAYERS = {"default": {"BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer", "CONFIG": {"hosts": [f"{REDIS_URL}/0"]}}}
BOT_API = os.environ["BOT_API"]
