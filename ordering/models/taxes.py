"""What tax is due where: a rate for each country, region and class of goods."""

from decimal import Decimal

from django.db import models


class TaxRate(models.Model):
    """The rate of one class of goods in a country, or in one region of it. The region's own rate goes first."""

    country = models.CharField(max_length=2, help_text="ISO 3166 code.")
    region = models.CharField(max_length=100, blank=True, help_text="As the address has it; empty: the whole country.")
    tax_class = models.CharField(max_length=30, default="standard")
    name = models.CharField(max_length=50, default="VAT", help_text="What invoices call it.")
    percent = models.DecimalField(max_digits=6, decimal_places=3)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["country", "region", "tax_class"], name="tax_rate_once_per_place_and_class"
            ),
            models.CheckConstraint(
                condition=models.Q(percent__gte=Decimal(0), percent__lte=Decimal(100)), name="tax_rate_in_bounds"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.region} {self.tax_class}: {self.percent} %".replace("  ", " ")
