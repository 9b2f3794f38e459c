"""Two who do the same at the same moment: a constraint stops the second, who is told to try again."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError

from catalog.errors import CatalogError, CatalogErrorCode


@contextmanager
def refused() -> Iterator[None]:
    """`@races.refused()` above `@transaction.atomic`: what the checks did not yet see is INVALID, and retryable."""
    try:
        yield
    except IntegrityError as error:
        message = "Somebody else changed the same at this moment. Look at it again, then repeat this if it is needed."
        raise CatalogError(CatalogErrorCode.INVALID, message, retryable=True) from error
