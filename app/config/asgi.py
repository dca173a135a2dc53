"""What uvicorn runs: static files, pages and API, websockets."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")  # noqa: TID251 (Django's own entry point)
pages = get_asgi_application()

from channels.routing import ProtocolTypeRouter  # noqa: E402 (models exist only after the line above)

from chat.consumers.routing import websocket  # noqa: E402
from config.static import StaticFiles  # noqa: E402

application = ProtocolTypeRouter({"http": StaticFiles(pages), "websocket": websocket})
