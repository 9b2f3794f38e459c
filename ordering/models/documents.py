"""Invoices and credit notes: numbered without gaps, made into files by a task."""

import uuid

from django.db import models

from ordering.models.orders import Order
from ordering.models.payments import Refund


class DocumentKind(models.TextChoices):
    INVOICE = "INVOICE"
    CREDIT_NOTE = "CREDIT_NOTE"


class NumberSeries(models.Model):
    """The last number given in a year. Its row is locked until the document with the number is there: no gaps."""

    kind = models.CharField(max_length=12, choices=DocumentKind)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [models.UniqueConstraint(fields=["kind", "year"], name="number_series_once_per_year")]

    def __str__(self) -> str:
        return f"{self.kind} {self.year}: {self.last}"


class Document(models.Model):
    """An invoice, or the credit note of a refund. `data` is all that stands in it, so it can be made again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=DocumentKind)
    number = models.CharField(max_length=30, unique=True)
    order = models.ForeignKey(Order, models.PROTECT, related_name="documents")
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True, related_name="credit_note")
    data = models.JSONField(default=dict)
    file = models.CharField(max_length=200, blank=True, editable=False, help_text="In the private storage.")
    issued_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["issued_at", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["order"], condition=models.Q(kind="INVOICE"), name="document_one_invoice_per_order"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="INVOICE", refund=None) | models.Q(kind="CREDIT_NOTE", refund__isnull=False),
                name="document_credits_a_refund",
            ),
        ]
        indexes = [models.Index(fields=["issued_at"], condition=models.Q(file=""), name="document_without_file")]

    def __str__(self) -> str:
        return self.number
