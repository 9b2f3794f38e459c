"""What a file says about products, as plain values: in here everything has been checked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Any

from catalog import models


class FileFormat(StrEnum):
    """How products are written down."""

    SHOPIFY_CSV = "SHOPIFY_CSV"
    JSON_LINES = "JSON_LINES"


class Unsaid(Enum):
    """For a value that may be none: the file does not speak of it, so what the shop knows stays."""

    UNSAID = "unsaid"


UNSAID = Unsaid.UNSAID


@dataclass(frozen=True)
class RowProblem:
    """What is wrong in one place of the file. `line` is where the row begins, counted from 1 as an editor does."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        return f"line {self.line}, {self.column}: {self.message}"


@dataclass(frozen=True)
class ParsedImage:
    """A picture that stays where it is, at an http(s) address."""

    source_url: str
    alt: str


@dataclass(frozen=True)
class ParsedPrice:
    """What a variant costs in a currency other than the shop's own."""

    amount: Decimal
    compare_at: Decimal | None


@dataclass(frozen=True)
class ParsedVariant:
    """One buyable form. `price` is in the shop's currency. None is for what the file does not say, but for
    `compare_at` and a price in `prices`, where it takes the price away; `image` is empty for none. `name` is None for
    one that follows from options and title."""

    line: int
    sku: str
    name: str | None
    options: tuple[tuple[str, str], ...]
    price: Decimal
    compare_at: Decimal | None
    on_hand: int | None
    barcode: str | None = None
    weight_grams: int | Unsaid | None = UNSAID
    image: str | None = None
    prices: Mapping[str, ParsedPrice | None] | None = None
    is_active: bool = True


@dataclass(frozen=True)
class ParsedProduct:
    """A product with all it has. None is for what the file does not say; `category` is empty for none."""

    line: int
    handle: str
    title: str
    description: str | None
    status: models.ProductStatus | None
    category: tuple[str, ...] | None
    vendor: str | None
    tags: tuple[str, ...] | None
    is_featured: bool | None
    seo_title: str | None
    seo_description: str | None
    variants: tuple[ParsedVariant, ...] | None
    images: tuple[ParsedImage, ...] | None
    attributes: Mapping[str, Any] | None = None
    is_digital: bool | None = None
    tax_class: str | None = None
    published_at: datetime | None = None


@dataclass
class Checked:
    """What a reading of the whole file has found: how many products there are, and which of them are not to be used."""

    total: int = 0
    problems: int = 0
    notices: list[str] = field(default_factory=list)
    # By the line they begin on.
    faulty: set[int] = field(default_factory=set)
