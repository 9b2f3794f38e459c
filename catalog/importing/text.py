"""A file of text, line by line: however long it is, little of it is in memory."""

import codecs
import re
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

# In bytes. What is longer was never meant as a line, and is refused before it fills the memory.
MAX_LINE = 2_000_000
_CHUNK = 1 << 20
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_ZIP = b"PK\x03\x04"


class UnreadableFileError(Exception):
    """Nothing of the file can be imported; the message is one sentence for whoever chose it."""


def check(file: BinaryIO, name: str) -> None:
    """Refuses what is empty, packed, or not UTF-8."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line, is_blank, is_first = 1, True, True
    try:
        while chunk := file.read(_CHUNK):
            if is_first and chunk.startswith(_ZIP):
                raise UnreadableFileError(
                    f"{name} is a ZIP archive or a workbook. Unpack it, or save it as “CSV UTF-8”, and import that."
                )
            is_first = False
            is_blank = not decoder.decode(chunk).strip() and is_blank
            line += chunk.count(b"\n")
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        # The error counts from what the decoder had kept of the last chunk, which is less than a character.
        line += error.object.count(b"\n", 0, error.start)
        raise UnreadableFileError(f"{name} is not UTF-8 (line {line}). Export it again as “CSV UTF-8”.") from error
    if is_blank:
        raise UnreadableFileError(f"{name} is empty.")


def lines(file: BinaryIO, name: str) -> Iterator[str]:
    """The lines of a file that was checked, with what ends them."""
    file.seek(0)
    for number, found in enumerate(iter(partial(file.readline, MAX_LINE + 1), b""), 1):
        if len(found) > MAX_LINE:
            raise UnreadableFileError(f"{name} has a line of more than {MAX_LINE} bytes, line {number}.")
        line = found.decode("utf-8-sig" if number == 1 else "utf-8")
        # Some programs still end lines with a carriage return alone.
        yield from _LINES.findall(line) if "\r" in line else (line,)
