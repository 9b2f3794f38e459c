"""A few hundred products of a file: compared with what the shop knows, and the difference written in few statements.

What is as the file says costs reads only. What is not is locked, read again and compared again, so that nothing is
decided by what somebody else has changed meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from catalog.errors import CatalogError, CatalogErrorCode
from catalog.importing import ParsedProduct
from catalog.services import stock
from catalog.services.import_plan import Plan
from catalog.services.import_shop import Shop, Wanted

if TYPE_CHECKING:
    from accounts.models import User


class ImportOutcome(StrEnum):
    """What importing a product came to."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Refusal:
    """What the catalogue has against a product. The error's `field` is the place: ["variants", "3", "sku"]."""

    parsed: ParsedProduct
    error: CatalogError


@dataclass
class Written:
    """What became of a batch."""

    outcomes: list[ImportOutcome] = field(default_factory=list)
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def refused(self) -> int:
        """How many products there is something against."""
        return len({refusal.parsed.handle for refusal in self.refusals})


def write(
    *, parsed: Sequence[ParsedProduct], actor: "User | None" = None, counts: dict[int, int] | None = None
) -> Written:
    """Makes the products with these handles what the file says: themselves, their variants, prices, stock, images.

    Variants are matched by SKU; those the file no longer has become inactive. Images are matched by address; those
    with a file of ours are left where they are. A product of which something cannot be is left entirely as it was.

    Where one transaction has several batches, `counts` collects what is on hand of variants that are on the shelf
    already (id → quantity), for `stock.set_imported` after the last: no checkout waits for the whole import then.
    """
    try:
        with transaction.atomic():
            return _write(parsed, actor, counts)
    except (IntegrityError, CatalogError):
        if len(parsed) == 1:
            message = "Somebody else changed the same product at this moment. Import it again."
            error = CatalogError(CatalogErrorCode.INVALID, message, field=["handle"], retryable=True)
            return Written(refusals=[Refusal(parsed[0], error)])
    # One of them met somebody else's change; one by one, the others do not suffer from it.
    parts = [write(parsed=[each], actor=actor, counts=counts) for each in parsed]
    return Written(
        outcomes=[outcome for part in parts for outcome in part.outcomes],
        refusals=[refusal for part in parts for refusal in part.refusals],
    )


def _write(parsed: Sequence[ParsedProduct], actor: "User | None", counts: dict[int, int] | None) -> Written:
    wanted = [Wanted(each) for each in parsed]
    shop = Shop(wanted)
    rest = [each for each in wanted if not _is_so_already(each, shop)]
    written = Written(outcomes=[ImportOutcome.UNCHANGED] * (len(wanted) - len(rest)))
    if any(each.parsed.handle in shop.products for each in rest):
        shop = Shop(rest, is_locked=True)
    plan = Plan(shop)
    for each in rest:
        refusals = plan.refusals(each)
        if refusals:
            written.refusals += [Refusal(each.parsed, error) for error in refusals]
        elif each.parsed.handle not in shop.products:
            plan.add(each)
            written.outcomes.append(ImportOutcome.CREATED)
        else:
            has_changed = plan.add(each)
            written.outcomes.append(ImportOutcome.UPDATED if has_changed else ImportOutcome.UNCHANGED)
    plan.write(actor)
    if counts is not None:
        counts |= plan.counts
    elif plan.counts:
        stock.set_imported(quantities=plan.counts, actor=actor)
    return written


def _is_so_already(wanted: Wanted, shop: Shop) -> bool:
    """Whether nothing has to be written. Tried on rows that are thrown away."""
    if wanted.parsed.handle not in shop.products:
        return False
    trial = Plan(shop, is_trial=True)
    return not trial.refusals(wanted) and not trial.add(wanted)
