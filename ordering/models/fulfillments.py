"""What was sent of an order: parcels, and files to download."""

import uuid

from django.db import models

from catalog.models import ProductVariant
from ordering.models.orders import Order, OrderLine


class Fulfillment(models.Model):
    """One parcel of an order, or the files of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, models.CASCADE, related_name="fulfillments")
    is_digital = models.BooleanField(default=False, help_text="Files to download; nothing travels.")
    carrier = models.CharField(max_length=100, blank=True)
    tracking_number = models.CharField(max_length=100, blank=True)
    tracking_url = models.URLField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.order}: {self.carrier} {self.tracking_number}"


class FulfillmentLine(models.Model):
    """How many of an order line are in a parcel."""

    fulfillment = models.ForeignKey(Fulfillment, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="fulfillment_lines")
    quantity = models.PositiveIntegerField()

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["fulfillment", "order_line"], name="fulfillment_line_once_per_order_line"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="fulfillment_line_quantity_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.order_line_id}"


class DigitalFile(models.Model):
    """A file that buyers of a variant get. It lies in the private storage under `file`.

    Without a variant it is not sold any more: it stays for as long as somebody who bought it may download it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    variant = models.ForeignKey(ProductVariant, models.SET_NULL, null=True, related_name="digital_files")
    name = models.CharField(max_length=200, help_text="What the buyer's file is called.")
    file = models.CharField(max_length=200, editable=False)
    size = models.PositiveBigIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return self.name


class Download(models.Model):
    """The right of an order's buyer to a file: so many times, until a moment."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order_line = models.ForeignKey(OrderLine, models.CASCADE, related_name="downloads")
    file = models.ForeignKey(DigitalFile, models.PROTECT, related_name="downloads")
    downloads_left = models.PositiveSmallIntegerField()
    expires_at = models.DateTimeField()
    started_at = models.DateTimeField(null=True, blank=True, help_text="When it was last begun.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at", "id"]
        constraints = [models.UniqueConstraint(fields=["order_line", "file"], name="download_once_per_line_and_file")]

    def __str__(self) -> str:
        return f"{self.order_line_id}: {self.file_id}"
