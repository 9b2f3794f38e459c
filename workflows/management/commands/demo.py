"""`manage.py demo`: loads the demo shop and serves it, in one process, so that it is there in a moment."""

import os
import socket
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.utils.module_loading import import_string

from workflows.management.commands import load_demo

READY = """
  Live order board   {url}/
  GraphiQL           {url}/graphql
  Admin              {url}/admin/

  Accounts           {accounts}
  Password           {password}
  E-mails            are printed here

  Ctrl-C stops it.
"""


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # `load_demo` says why
    help = "Migrates, loads the demo shop, and serves it on 127.0.0.1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        url = f"http://127.0.0.1:{port}"
        self._refuse_a_taken(port)
        self._lead_links_to(url)
        call_command("migrate", verbosity=0)
        call_command("load_demo")
        self.stdout.write(
            READY.format(
                url=url,
                accounts=", ".join(email for email, *_ in load_demo.PEOPLE),
                password=load_demo.PASSWORD,
            )
        )
        self._serve(port)

    def _refuse_a_taken(self, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise CommandError(f"Port {port} is taken. Choose another: make demo PORT={port + 1}") from None

    def _lead_links_to(self, url: str) -> None:
        """Links in e-mails open the pages of this port, unless the environment names others."""
        if "SHOP_URL" not in os.environ:
            settings.SHOP_URL = url
        if "FRONTEND_URL" not in os.environ:
            settings.FRONTEND_URL = settings.SHOP_URL

    def _serve(self, port: int) -> None:
        serve = import_string("config.server.serve")
        serve("--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0")
