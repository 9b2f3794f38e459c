"""Pictures of products."""

from django.core.files.base import ContentFile

from catalog import models


def add_file(*, product_id: int, name: str, content: bytes, alt: str, position: int = 0) -> models.ProductImage:
    """Stores the picture as a file of ours and shows it with the product. `name` ends as the format does: .webp."""
    image = models.ProductImage(product_id=product_id, alt=alt, position=position)
    # Storage may be far away: no transaction waits for it.
    image.file.save(name, ContentFile(content), save=False)
    image.save()
    return image
