"""`manage.py demo`: loads the demo shop and serves it, in one process, so that it is there in a moment."""

import socket
from typing import Any

from daphne.cli import CommandLineInterface
from django.core.management import BaseCommand, CommandError, CommandParser, call_command

from workflows.management.commands import load_demo

READY = """
  Live order board   {url}/
  GraphiQL           {url}/graphql
  Admin              {url}/admin/

  Accounts           {accounts}
  Password           {password}

  Ctrl-C stops it.
"""


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # `load_demo` says why
    help = "Migrates, loads the demo shop, and serves it on 127.0.0.1."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, port: int, **options: Any) -> None:
        self._refuse_a_taken(port)
        call_command("migrate", verbosity=0)
        call_command("load_demo")
        self.stdout.write(
            READY.format(
                url=f"http://127.0.0.1:{port}",
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

    def _serve(self, port: int) -> None:
        server = ["--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0", "config.asgi:application"]
        CommandLineInterface().run(server)
