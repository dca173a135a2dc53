"""What uvicorn runs: static files, pages and API, websockets."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")  # noqa: TID251 (Django's own entry point)
django.setup()

from channels.routing import ProtocolTypeRouter  # noqa: E402 (models exist only after the line above)

from chat.consumers.routing import websocket  # noqa: E402
from config.checks import refuse_misconfiguration  # noqa: E402
from config.pages import Pages  # noqa: E402
from config.static import StaticFiles  # noqa: E402

refuse_misconfiguration()
application = ProtocolTypeRouter({"http": StaticFiles(Pages()), "websocket": websocket})
