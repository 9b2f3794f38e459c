"""`manage.py demo`: loads the demo shop and serves it, in one process, so that it is there in a moment."""

from typing import Any

from daphne.cli import CommandLineInterface
from django.core.management import BaseCommand, CommandParser, call_command

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
        call_command("migrate", verbosity=0)
        call_command("load_demo")
        self.stdout.write(
            READY.format(
                url=f"http://127.0.0.1:{port}",
                accounts=", ".join(email for email, *_ in load_demo.PEOPLE),
                password=load_demo.PASSWORD,
            )
        )
        server = ["--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0", "config.asgi:application"]
        CommandLineInterface().run(server)
