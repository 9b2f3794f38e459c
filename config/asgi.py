"""The ASGI application: HTTP goes to Django's views, WebSockets to the subscriptions."""

import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import OriginValidator, WebsocketDenier
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.db import close_old_connections
from django.urls import path, re_path

django_application = get_asgi_application()

# Only now: these import models.
from schema.consumers import consumer  # noqa: E402


class SocketThread:
    """Gives each socket a thread of its own for synchronous work, so that sockets do not queue behind each other."""

    def __init__(self, application: Any):
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async with ThreadSensitiveContext():
            try:
                await self.application(scope, receive, send)
            finally:
                await sync_to_async(close_old_connections)()


class AllowOrigins(OriginValidator):
    """The configured origins; a client that sends none is not a browser and carries nobody's cookies."""

    def valid_origin(self, parsed_origin: Any) -> bool:
        return parsed_origin is None or super().valid_origin(parsed_origin)


sockets = URLRouter([path("graphql", consumer), re_path("", WebsocketDenier.as_asgi())])
application = ProtocolTypeRouter(
    {"http": django_application, "websocket": AllowOrigins(SocketThread(sockets), settings.ALLOWED_ORIGINS)}
)
