"""What happens in the catalogue."""

from dataclasses import dataclass  # noqa: F401
