"""Where the shop ships to, how, and what that costs."""

from decimal import Decimal
from typing import Self

from django.db import models
from moneyed import Money

from catalog import money


class ShippingZone(models.Model):
    """Countries that are shipped to on the same terms."""

    name = models.CharField(max_length=100, unique=True)
    countries = models.JSONField(
        default=list, blank=True, help_text="ISO 3166 codes; an empty list means everywhere else."
    )

    def __str__(self) -> str:
        return self.name


class ShippingMethodQuerySet(models.QuerySet["ShippingMethod"]):
    def on_offer(self, currency: str) -> Self:
        """Active, in this currency, with zone and tiers. Two statements."""
        offered = self.filter(is_active=True, currency=currency).order_by("price_amount", "pk")
        return offered.select_related("zone").prefetch_related("tiers")


class ShippingMethod(models.Model):
    """A way to send an order to the countries of a zone, or everywhere without one."""

    zone = models.ForeignKey(
        ShippingZone,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="methods",
        help_text="Empty: it ships everywhere.",
    )
    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    price_amount = money.column(help_text="Where no tier says otherwise.")
    free_above = money.column(null=True, blank=True, help_text="Free when the goods cost at least this much.")
    max_weight_grams = models.PositiveIntegerField(null=True, blank=True, help_text="Nothing heavier is sent this way.")
    tax_class = models.CharField(max_length=30, default="standard")
    is_active = models.BooleanField(default=True)

    objects = ShippingMethodQuerySet.as_manager()
    # What it costs for one cart; set where it is offered to one.
    quoted: Money

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(price_amount__gte=Decimal(0)), name="shipping_price_not_negative"
            ),
            models.UniqueConstraint(
                fields=["zone", "name", "currency"], name="shipping_name_once_per_zone_and_currency"
            ),
            models.UniqueConstraint(
                fields=["name", "currency"],
                condition=models.Q(zone=None),
                name="shipping_name_once_per_currency",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def price(self) -> Money:
        return money.rounded(self.price_amount, self.currency)

    @property
    def free_from(self) -> Money | None:
        return None if self.free_above is None else money.rounded(self.free_above, self.currency)


class ShippingTier(models.Model):
    """What a method costs from a weight and a subtotal on.

    Of the tiers that a cart reaches with both, the heaviest counts, then the dearest.
    """

    method = models.ForeignKey(ShippingMethod, models.CASCADE, related_name="tiers")
    from_weight_grams = models.PositiveIntegerField(default=0)
    from_subtotal_amount = money.column(default=Decimal(0))
    price_amount = money.column()

    class Meta:
        ordering = ["from_weight_grams", "from_subtotal_amount"]
        constraints = [
            models.UniqueConstraint(
                fields=["method", "from_weight_grams", "from_subtotal_amount"], name="shipping_tier_once_per_threshold"
            ),
            models.CheckConstraint(
                condition=models.Q(price_amount__gte=Decimal(0), from_subtotal_amount__gte=Decimal(0)),
                name="shipping_tier_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method}: {self.from_weight_grams} g, {self.from_subtotal_amount}: {self.price_amount}"
