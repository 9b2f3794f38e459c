"""`manage.py import_products FILE`: products from Shopify's product CSV."""

import sys
from collections import Counter
from pathlib import Path
from typing import IO, Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from catalog import importing
from catalog.importing import ParsedProduct, RowProblem
from catalog.services.importing import ImportOutcome, product_import

BAR_WIDTH = 30


class Command(BaseCommand):
    help = (
        "Imports products from Shopify's product CSV. Run again, it updates: products are matched by handle, variants "
        "by SKU, images by address. Each product is imported as a whole or, if one of its rows is wrong, left as it "
        "was. The tag “featured” puts a product on the front page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the CSV file, in UTF-8")
        parser.add_argument("--dry-run", action="store_true", help="report what would happen, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            reading = importing.read(options["file"])
        except importing.UnreadableFileError as error:
            raise CommandError(str(error)) from error
        for notice in reading.notices:
            self.stdout.write(self.style.WARNING(notice))

        outcomes, refusals = self._import(reading.products, dry_run=options["dry_run"])

        self._report(outcomes, dry_run=options["dry_run"])
        self._fail_for(
            sorted([*reading.problems, *refusals], key=lambda problem: problem.line),
            products=len(reading.products) + reading.refused - outcomes.total(),
        )

    def _import(self, products: list[ParsedProduct], *, dry_run: bool) -> tuple[Counter[str], list[RowProblem]]:
        outcomes: Counter[str] = Counter()
        refusals: list[RowProblem] = []
        progress = Progress(len(products), sys.stderr)
        for product in products:
            try:
                outcomes[import_one(product, dry_run=dry_run)] += 1
            except ValidationError as refusal:
                refusals += [problem_of(product, error) for error in refusal.error_list]
            progress.step()
        progress.finish()
        return outcomes, refusals

    def _report(self, outcomes: Counter[str], *, dry_run: bool) -> None:
        would = "would be " if dry_run else ""
        counts = [f"{outcomes[outcome]} {would}{outcome}" for outcome in ImportOutcome]
        self.stdout.write(f"Products: {', '.join(counts)}.")

    def _fail_for(self, problems: list[RowProblem], *, products: int) -> None:
        for problem in problems:
            self.stderr.write(str(problem))
        if problems:
            raise CommandError(
                f"{counted(len(problems), 'problem')}: {counted(products, 'product')} left as before. "
                "Correct these rows and import the file again."
            )


def import_one(product: ParsedProduct, *, dry_run: bool) -> ImportOutcome:
    """Imports the product in a transaction of its own, and takes it back if this is a dry run."""
    with transaction.atomic():
        imported = product_import(parsed=product)
        transaction.set_rollback(dry_run)
    return imported.outcome


def problem_of(product: ParsedProduct, error: ValidationError) -> RowProblem:
    """The refusal of a service, at the place of the file it is about."""
    message = " ".join(error.messages)
    match getattr(error, "field", None):
        case ["variants", index, "sku"]:
            return RowProblem(product.variants[int(index)].line, "Variant SKU", message)
        case _:
            return RowProblem(product.line, "Handle", message)


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Progress:
    """A bar on a terminal; silent where nobody watches."""

    def __init__(self, total: int, stream: IO[str]):
        self.total = total
        self.done = 0
        self.stream = stream if stream.isatty() else None

    def step(self) -> None:
        self.done += 1
        if self.stream:
            bar = "█" * (BAR_WIDTH * self.done // self.total)
            self.stream.write(f"\r{bar:░<{BAR_WIDTH}} {self.done}/{self.total}")
            self.stream.flush()

    def finish(self) -> None:
        if self.stream and self.done:
            self.stream.write("\n")
