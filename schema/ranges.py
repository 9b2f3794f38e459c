"""Parts of files: which one a request asks for, by RFC 9110, section 14, and reading no more than it."""

import re
from dataclasses import dataclass
from typing import Any

from django.core.files.base import File
from django.http import HttpRequest

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{0,18})|-([0-9]{1,18}))")


@dataclass(frozen=True)
class Part:
    """The bytes from `start` to before `stop`. It is empty where the file ends before it begins."""

    start: int
    stop: int
    is_whole: bool = False

    @property
    def length(self) -> int:
        return max(self.stop - self.start, 0)


def asked_for(request: HttpRequest, *, size: int, etag: str) -> Part:
    """The one part a request names. All of the file where it names none, several, or one of another file."""
    whole = Part(0, size, is_whole=True)
    found = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if found is None or request.headers.get("If-Range", etag) != etag:
        return whole
    first, last, ending = found.groups()
    if ending is not None:
        return Part(max(size - int(ending), 0) if int(ending) else size, size)
    if last and int(last) < int(first):
        return whole
    return Part(int(first), min(int(last) + 1, size) if last else size)


class PartOfFile:
    """A part of an open file, read as if it were the whole of one. Closing it closes the file."""

    def __init__(self, file: "File[Any]", part: Part):
        file.seek(part.start)
        self.size = part.length
        self.close = file.close
        self._read = file.read
        self._left = part.length

    def read(self, size: int = -1) -> bytes:
        wanted = self._left if size < 0 else min(size, self._left)
        piece: bytes = self._read(wanted) if wanted else b""
        self._left -= len(piece)
        return piece
