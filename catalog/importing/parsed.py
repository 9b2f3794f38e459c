"""What a file says about products, as plain values: in here everything has been checked."""

from dataclasses import dataclass, field
from decimal import Decimal

from catalog import models


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
class ParsedVariant:
    """One buyable form. Prices are in the shop's currency; `on_hand` is None where the file does not say."""

    line: int
    sku: str
    name: str
    options: tuple[tuple[str, str], ...]
    price: Decimal
    compare_at: Decimal | None
    on_hand: int | None


@dataclass(frozen=True)
class ParsedProduct:
    """A product with all its rows. None is for a column that the file does not have; `category` is empty for none."""

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
    variants: tuple[ParsedVariant, ...]
    images: tuple[ParsedImage, ...] | None


@dataclass
class Reading:
    """A whole file: the products without a fault, how many have one, and what there is to say about the file."""

    products: list[ParsedProduct] = field(default_factory=list)
    refused: int = 0
    problems: list[RowProblem] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
