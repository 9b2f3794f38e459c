"""Pictures of products."""

from typing import Self

from django.db import models

from catalog.models.products import Product


class ImageSize(models.TextChoices):
    """Widths in pixels are in `catalog.images`."""

    SMALL = "SMALL"
    MEDIUM = "MEDIUM"
    LARGE = "LARGE"


class ImageQuerySet(models.QuerySet["ProductImage"]):
    def without_thumbnails(self) -> Self:
        """Files of ours of which none were made yet."""
        return self.filter(small="").exclude(file="")


class ProductImage(models.Model):
    """A picture of a product: a file of ours, or an address somewhere else."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    file = models.ImageField(upload_to="products", blank=True)
    small = models.ImageField(upload_to="products", blank=True, editable=False)
    medium = models.ImageField(upload_to="products", blank=True, editable=False)
    large = models.ImageField(upload_to="products", blank=True, editable=False)
    source_url = models.URLField(max_length=2000, blank=True, help_text="Where the picture is when it is not our file.")
    alt = models.CharField(max_length=512, blank=True)
    position = models.PositiveIntegerField(default=0)

    objects = ImageQuerySet.as_manager()

    class Meta:
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(file="") | ~models.Q(source_url=""), name="image_has_a_file_or_an_address"
            ),
            models.UniqueConstraint(
                fields=["product", "source_url"],
                condition=~models.Q(source_url=""),
                name="image_address_once_per_product",
            ),
        ]

    def __str__(self) -> str:
        return self.alt or self.file.name or self.source_url

    @property
    def url(self) -> str:
        """Where a browser gets the picture as it was given; ours are addresses on this server."""
        return self.file.url if self.file else self.source_url

    def url_of(self, size: ImageSize) -> str:
        """Where a browser gets the picture in this size; until its thumbnail is made, as it was given."""
        thumbnail = {ImageSize.SMALL: self.small, ImageSize.MEDIUM: self.medium, ImageSize.LARGE: self.large}[size]
        return thumbnail.url if thumbnail else self.url
