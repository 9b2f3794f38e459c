"""`manage.py import_products FILE`: products from Shopify's product CSV or from JSON Lines."""

import sys
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import importing
from catalog.importing import FileFormat, RowProblem
from catalog.services.import_batches import ImportOutcome
from catalog.services.importing import Imported, ImportPolicy, import_products

BAR_WIDTH = 30


class Command(BaseCommand):
    help = (
        "Imports products from Shopify's product CSV, or from JSON Lines. Run again, it updates: products are matched "
        "by handle, variants by SKU, images by address. Each product is imported as a whole or, if something in it is "
        "wrong, left as it was. In the CSV, the tag “featured” puts a product on the front page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file, in UTF-8")
        parser.add_argument("--format", choices=list(FileFormat), help="SHOPIFY_CSV unless its name says otherwise")
        parser.add_argument(
            "--policy",
            choices=list(ImportPolicy),
            default=ImportPolicy.SKIP_BAD,
            help="ATOMIC: nothing is imported if anything is wrong; SKIP_BAD, the default: only what is wrong is not",
        )
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"]
        progress = Progress(sys.stderr)
        try:
            with path.open("rb") as file:
                imported = import_products(
                    file=file,
                    name=str(path),
                    format=FileFormat(options["format"] or importing.format_of(path.name)),
                    policy=ImportPolicy(options["policy"]),
                    report=self._complain,
                    progress=progress.show,
                    is_dry_run=options["dry_run"],
                )
        except OSError as error:
            raise CommandError(f"{path.absolute()} cannot be read: {error.strerror}.") from error
        except importing.UnreadableFileError as error:
            raise CommandError(str(error)) from error
        progress.finish()
        self._report(imported, is_dry_run=options["dry_run"])

    def _complain(self, problem: RowProblem) -> None:
        self.stderr.write(str(problem))

    def _report(self, imported: Imported, *, is_dry_run: bool) -> None:
        would = "would be " if is_dry_run else ""
        counts = [f"{imported.counts[outcome]} {would}{outcome}" for outcome in ImportOutcome]
        for notice in imported.notices:
            self.stdout.write(self.style.WARNING(notice))
        self.stdout.write(f"Products: {', '.join(counts)}.")
        if imported.counts["refused"]:
            raise CommandError(
                f"{counted(imported.counts['problems'], 'problem')}: "
                f"{counted(imported.counts['refused'], 'product')} left as before. "
                "Correct these rows and import the file again."
            )


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Progress:
    """A bar on a terminal; silent where nobody watches."""

    def __init__(self, stream: IO[str]):
        self.stream = stream if stream.isatty() else None
        self.is_drawn = False

    def show(self, imported: Imported) -> None:
        if self.stream and imported.total:
            bar = "█" * (BAR_WIDTH * imported.done // imported.total)
            self.stream.write(f"\r{bar:░<{BAR_WIDTH}} {imported.done}/{imported.total}")
            self.stream.flush()
            self.is_drawn = True

    def finish(self) -> None:
        if self.stream and self.is_drawn:
            self.stream.write("\n")
