"""`manage.py export_products FILE`: products as Shopify's product CSV or JSON Lines."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import importing, models
from catalog.filters import ManagedProductFilterSet
from catalog.importing import FileFormat
from catalog.services import exporting


class Command(BaseCommand):
    help = (
        "Writes products into a file that import_products reads again. JSON Lines has everything; Shopify's CSV has "
        "what Shopify has a column for. The filters are those of managedProducts; several together mean: all of them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the file to write; one that is there is replaced")
        parser.add_argument("--format", choices=list(FileFormat), help="SHOPIFY_CSV unless its name says otherwise")
        for name, declared in ManagedProductFilterSet.base_filters.items():
            option, help_text = f"--{name.replace('_', '-')}", declared.extra.get("help_text")
            nargs = "+" if name in ("tags", "attributes") else None
            parser.add_argument(option, dest=name, help=help_text, nargs=nargs)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        given = {name: options[name] for name in ManagedProductFilterSet.base_filters if options[name] is not None}
        if "attributes" in given:
            pairs = [each.partition("=") for each in given["attributes"]]
            given["attributes"] = [{"name": name, "value": value} for name, _, value in pairs]
        try:
            products = exporting.narrowed(models.Product.objects.all(), given)
            # Written beside it first: a file that is half there looks like one that is whole.
            unfinished = path.with_name(f"{path.name}.part")
            try:
                with unfinished.open("wb") as file:
                    exported = exporting.export_products(
                        products=products,
                        format=FileFormat(options["format"] or importing.format_of(path.name)),
                        file=file,
                        report=self._report,
                    )
                unfinished.replace(path)
            finally:
                unfinished.unlink(missing_ok=True)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        skipped = exported.counts["skipped"]
        self.stdout.write(f"Products: {exported.counts['exported']} exported, {skipped} left out.")

    def _report(self, handle: str, message: str) -> None:
        self.stderr.write(f"{handle}: {message}" if handle else message)
