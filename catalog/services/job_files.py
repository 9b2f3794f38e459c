"""The files of jobs, which nobody reads by their address, and the bell that says how far a job is."""

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO, Self, cast

from django.core.files.base import File
from django.core.files.storage import Storage, storages

from catalog import models
from catalog.exporting import guarded
from catalog.importing import FileFormat
from notifications import delivery
from notifications.models import topic_of

ENDINGS = {FileFormat.SHOPIFY_CSV: "csv", FileFormat.JSON_LINES: "jsonl"}
_CHUNK = 1 << 20


def storage() -> Storage:
    return storages["private"]


def delete(name: str) -> None:
    """Deletes a file, if there is one."""
    if name:
        storage().delete(name)


def ring(job: models.Job) -> None:
    """Tells those who follow the job that it is further."""
    delivery.ring_topics([topic_of("job", job.pk)])


@contextmanager
def fetched(name: str) -> Iterator[BinaryIO]:
    """A file of the storage, which may be far away, on this machine. It has no name, so nothing of it is left when the
    process is killed."""
    with TemporaryFile() as local:
        with storage().open(name) as stored:
            for chunk in stored.chunks(_CHUNK):
                local.write(chunk)
        yield cast("BinaryIO", local)


def kept(local: BinaryIO | IO[bytes], name: str) -> str:
    """Puts a file of this machine into the storage; its name there."""
    local.seek(0)
    return storage().save(name, File(local))


class Report:
    """What is wrong in a file, or missing in one: in the format of the file, on this machine until it is kept."""

    def __init__(self, columns: list[str], format: FileFormat):
        self._columns = columns
        self._format = format
        self._file = TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()

    def add(self, *values: object) -> None:
        if not self.count and self._format is FileFormat.SHOPIFY_CSV:
            self._write_row(self._columns)
        self.count += 1
        if self._format is FileFormat.SHOPIFY_CSV:
            self._write_row([guarded(str(value)) for value in values])
        else:
            told = dict(zip(self._columns, values, strict=True))
            self._file.write(json.dumps(told, ensure_ascii=False).encode() + b"\n")

    def _write_row(self, row: list[str]) -> None:
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\n").writerow(row)
        self._file.write(text.getvalue().encode())

    def keep(self, job: models.Job) -> str:
        """Its name in the storage; empty where there is nothing to report."""
        return kept(self._file, f"jobs/{job.pk}-report.{ENDINGS[self._format]}") if self.count else ""
