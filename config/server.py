"""`python -m config.server --bind 0.0.0.0 --port 8000`: Daphne, which by itself takes in bodies of any size.

It answers 413 as soon as the header says that a body is too large or more has come than may, and lets the rest fall.
Nothing of what comes then is kept.
"""

import json
import os
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import daphne.server
import django
from daphne.cli import CommandLineInterface
from daphne.http_protocol import HTTPFactory, WebRequest
from django.conf import settings

from config import clock

# Whoever is refused while still sending would not read why if the connection broke at once.
LINGER_SECONDS = 5


class Request(WebRequest):
    """A request whose body has a limit: that of files in a form, or that of all others."""

    _received = 0
    _is_refused = False

    def __init__(self, *args: Any, **kwargs: Any):
        # Forms are Django's to read, in pieces; Twisted would read them first, in memory and ten times their size.
        super().__init__(*args, parsePOSTFormSubmission=False, **kwargs)

    def gotLength(self, length: int | None) -> None:  # noqa: N802
        """The headers are there; a chunked body has no length."""
        super().gotLength(length)
        content_type = self.requestHeaders.getRawHeaders(b"content-type", [b""])[0]
        is_form = content_type.lower().startswith(b"multipart/form-data")
        self._allowed = settings.MAX_REQUEST_BYTES if is_form else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if length is not None and length > self._allowed:
            self._refuse()

    def handleContentChunk(self, data: bytes) -> None:  # noqa: N802
        self._received += len(data)
        if self._is_refused:
            return
        if self._received > self._allowed:
            self._refuse()
        else:
            super().handleContentChunk(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:  # noqa: N802
        if self._is_refused:
            self.channel.loseConnection()
        else:
            super().requestReceived(command, path, version)

    def _refuse(self) -> None:
        self._is_refused = True
        self.content.truncate(0)
        # Or the channel would ask for the body now.
        self.requestHeaders.removeHeader(b"expect")
        error = {
            "message": f"A request has at most {self._allowed} bytes.",
            "extensions": {"code": "BAD_USER_INPUT"},
        }
        body = json.dumps({"data": None, "errors": [error]}).encode()
        self.channel.transport.write(
            b"HTTP/1.1 413 Content Too Large\r\nContent-Type: application/json\r\nConnection: close\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        self.channel.callLater(LINGER_SECONDS, self.channel.transport.abortConnection)


class Factory(HTTPFactory):
    def buildProtocol(self, addr: Any) -> Any:  # noqa: N802
        protocol = super().buildProtocol(addr)
        protocol.requestFactory = Request
        return protocol


def serve(*arguments: str) -> None:
    """Runs until it is ended, and the schedule with it where no broker is. Takes Daphne's own arguments, without the
    application's name."""
    # Only now: the tasks need models.
    django.setup()
    clock.start()
    # Daphne has no option for it.
    daphne.server.HTTPFactory = Factory
    CommandLineInterface().run([*arguments, "config.asgi:application"])


if __name__ == "__main__":
    serve(*sys.argv[1:])
