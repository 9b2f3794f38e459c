"""What the product list can be narrowed by, for the API and the admin alike."""

from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from catalog.models import Category, Product, ProductQuerySet, ProductStatus, Vendor, price_columns

MAX_SEARCH = 100
# Each word is looked for in every row; what comes after these narrows little and costs as much.
MAX_WORDS = 5


class ProductFilterForm(forms.Form):
    """Checks what the filters say together."""

    def clean(self) -> dict[str, Any]:
        lowest, highest = self.cleaned_data.get("min_price"), self.cleaned_data.get("max_price")
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error("min_price", "It is above maxPrice, so nothing can match.")
        return self.cleaned_data


class ProductFilterSet(django_filters.FilterSet):
    """What the product list can be narrowed by. Several together mean: all of them."""

    category = django_filters.CharFilter(
        method="in_category", help_text='Slug of a category; its descendants count too: "lighting".'
    )
    vendor = django_filters.CharFilter(method="of_vendor", help_text="Slug of a vendor.")
    min_price = django_filters.NumberFilter(
        method="costing_at_least", min_value=Decimal(0), help_text="Some variant costs at least this."
    )
    max_price = django_filters.NumberFilter(
        method="costing_at_most", min_value=Decimal(0), help_text="Some variant costs at most this."
    )
    search = django_filters.CharFilter(
        method="matching",
        max_length=MAX_SEARCH,
        help_text='Words, the first 5 of them, that all occur in name, description, vendor or SKU: "oak desk".',
    )
    in_stock = django_filters.BooleanFilter(method="available", help_text="Whether some variant can be bought now.")
    is_featured = django_filters.BooleanFilter(field_name="is_featured")
    created_after = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    created_before = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = Product
        form = ProductFilterForm
        fields: list[str] = []

    def in_category(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        category = Category.objects.with_slug(value).values_list("pk", flat=True).first()
        return queryset.filter(category__in=Category.objects.below(category)) if category else queryset.none()

    def of_vendor(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        return queryset.filter(vendor__in=Vendor.objects.with_slug(value))

    def costing_at_least(self, queryset: QuerySet[Product], name: str, value: Decimal) -> QuerySet[Product]:
        return queryset.filter(**{f"{self._price_columns()[1]}__gte": value})

    def costing_at_most(self, queryset: QuerySet[Product], name: str, value: Decimal) -> QuerySet[Product]:
        return queryset.filter(**{f"{self._price_columns()[0]}__lte": value})

    def _price_columns(self) -> tuple[str, str]:
        return price_columns(getattr(self.request, "currency", None) or settings.SHOP_CURRENCY)

    def matching(self, queryset: QuerySet[Product], name: str, value: str) -> QuerySet[Product]:
        for word in list(dict.fromkeys(value.lower().split()))[:MAX_WORDS]:
            queryset = queryset.filter(
                Q(name__icontains=word)
                | Q(description__icontains=word)
                | Q(vendor__name__icontains=word)
                | Q(pk__in=self._with_sku(word))
            )
        return queryset

    def available(self, queryset: ProductQuerySet, name: str, value: bool) -> ProductQuerySet:
        return queryset.in_stock(value)

    @staticmethod
    def _with_sku(word: str) -> QuerySet[Product, Any]:
        return Product.objects.filter(variants__sku__iexact=word).values("pk")


class ManagedProductFilterSet(ProductFilterSet):
    """What the list of products one keeps can be narrowed by. Several together mean: all of them."""

    status = django_filters.ChoiceFilter(choices=ProductStatus.choices)
