"""Products as a file says they are: checked as a whole, then written in batches."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, TypeVar

from django.db import transaction

from catalog import importing
from catalog.importing import FileFormat, ParsedProduct, RowProblem
from catalog.services import import_batches, stock

if TYPE_CHECKING:
    from accounts.models import User

BATCH = 500
T = TypeVar("T")


class ImportPolicy(StrEnum):
    """What to do when something in a file is wrong."""

    # Nothing is written.
    ATOMIC = "ATOMIC"
    # Products without a fault are written; the others stay as they were.
    SKIP_BAD = "SKIP_BAD"


@dataclass
class Imported:
    """How far an import is, and what came of it. `counts`: created, updated, unchanged, refused, problems."""

    total: int = 0
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)


def import_products(
    *,
    file: BinaryIO,
    name: str,
    format: FileFormat,
    policy: ImportPolicy,
    report: Callable[[RowProblem], None],
    progress: Callable[[Imported], None] = lambda _: None,
    actor: "User | None" = None,
    is_dry_run: bool = False,
) -> Imported:
    """Imports the products of a file; what is wrong goes to `report`, and how far it is to `progress`.

    With SKIP_BAD `progress` is called in the transaction of each batch, and an import that was broken off can be begun
    again: what is written already is unchanged then. With ATOMIC everything is one transaction. Raises
    importing.UnreadableFileError for what is no such file, named `name` in its sentence.
    """
    checked = importing.check(
        file,
        name=name,
        format=format,
        report=report,
        progress=lambda so_far: progress(Imported(total=so_far.total)),
    )
    imported = Imported(total=checked.total, done=len(checked.faulty), notices=checked.notices)
    imported.counts.update(refused=len(checked.faulty), problems=checked.problems)
    progress(imported)
    batches = _batches(importing.read(file, name=name, format=format, checked=checked))
    if policy is ImportPolicy.SKIP_BAD:
        for batch in batches:
            with transaction.atomic():
                _import(batch, imported, format, report, actor)
                transaction.set_rollback(is_dry_run)
                progress(imported)
    elif not checked.faulty:
        counts: dict[int, int] = {}
        with transaction.atomic():
            for batch in batches:
                _import(batch, imported, format, report, actor, counts)
                progress(imported)
            is_kept = not is_dry_run and not imported.counts["refused"]
            for part in _batches(sorted(counts) if is_kept else ()):
                stock.set_imported(quantities={key: counts[key] for key in part}, actor=actor)
            transaction.set_rollback(not is_kept)
    if policy is ImportPolicy.ATOMIC and imported.counts["refused"]:
        imported.done = imported.total
        imported.counts = Counter(refused=imported.total, problems=imported.counts["problems"])
    return imported


def _import(
    batch: list[ParsedProduct],
    imported: Imported,
    format: FileFormat,
    report: Callable[[RowProblem], None],
    actor: "User | None",
    counts: dict[int, int] | None = None,
) -> None:
    written = import_batches.write(parsed=batch, actor=actor, counts=counts)
    for refusal in written.refusals:
        path = refusal.error.field or ["handle"]
        report(importing.place(refusal.parsed, path, str(refusal.error.message), format))
    imported.done += len(batch)
    imported.counts.update(str(outcome) for outcome in written.outcomes)
    imported.counts.update(refused=written.refused, problems=len(written.refusals))


def _batches(found: Iterable[T]) -> Iterator[list[T]]:
    found = iter(found)
    while batch := list(islice(found, BATCH)):
        yield batch
