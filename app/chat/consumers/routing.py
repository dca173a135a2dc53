"""Which consumer answers which websocket address."""

from channels.routing import URLRouter

websocket = URLRouter([])
