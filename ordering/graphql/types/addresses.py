"""Postal addresses of carts and orders."""

from typing import Any

import strawberry


@strawberry.type
class PostalAddress:
    """Where somebody lives or works; an order's stays as it was. `country` is an ISO 3166 code of two letters."""

    full_name: str
    line1: str
    line2: str
    city: str
    region: str
    postal_code: str
    country: str
    phone: str

    @staticmethod
    def of(parts: dict[str, Any] | None) -> "PostalAddress | None":
        return None if parts is None else PostalAddress(**parts)
