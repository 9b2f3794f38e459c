"""The tax rates of the shop's own table: what `settings.TAX_STRATEGY` names unless a shop has another."""

from collections.abc import Collection

from ordering.models import TaxRate
from ordering.pricing import Rate
from ordering.services import terms


def table_rates(*, country: str, region: str, tax_classes: Collection[str]) -> dict[str, Rate]:
    """The rate of each class where the goods go; the region's own before the country's. A class without a rate there
    is not taxed.

    Another strategy takes the same arguments and gives the same answer. It is asked inside the checkout's transaction
    while rows are locked: it must not wait for anybody.
    """
    rates = terms.kept(("rates", country), lambda: _rates(country))
    return {each: found for each in tax_classes if (found := rates.get((region, each)) or rates.get(("", each)))}


def _rates(country: str) -> dict[tuple[str, str], Rate]:
    """Those of the country and its regions, by region and class."""
    found = TaxRate.objects.filter(country=country)
    return {(rate.region, rate.tax_class): Rate(rate.name, rate.percent) for rate in found}
