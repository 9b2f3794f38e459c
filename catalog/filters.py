"""What the lists of products and reviews can be narrowed by."""

from decimal import Decimal
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Q, QuerySet

from accounts.filters import MomentFilter
from catalog.models import (
    Category,
    Product,
    ProductQuerySet,
    ProductStatus,
    Review,
    ReviewStatus,
    Vendor,
    price_columns,
    searching,
)
from catalog.models import attributes as _attributes

MAX_SEARCH = 100
MAX_ATTRIBUTES = 10
MAX_TAGS = 10
MAX_LABEL = 200


class TagsField(forms.Field):
    """A few short texts."""

    text = forms.CharField(max_length=MAX_LABEL)

    def to_python(self, value: list[str] | None) -> list[str]:
        if value and len(value) > MAX_TAGS:
            raise forms.ValidationError(f"Name at most {MAX_TAGS} tags.")
        return [self.text.clean(each) for each in value or []]


class AttributesField(forms.Field):
    """A few pairs of name and value, given as objects that have both."""

    text = forms.CharField(max_length=MAX_LABEL)

    def to_python(self, value: list[Any] | None) -> list[tuple[str, str]]:
        if value and len(value) > MAX_ATTRIBUTES:
            raise forms.ValidationError(f"Name at most {MAX_ATTRIBUTES} attributes.")
        return [(self.text.clean(each.name), self.text.clean(each.value)) for each in value or []]


class TagsFilter(django_filters.Filter):
    field_class = TagsField


class AttributesFilter(django_filters.Filter):
    field_class = AttributesField


class ProductFilterForm(forms.Form):
    """Checks what the filters say together, and that there is something to search for."""

    def clean_search(self) -> str:
        text: str = self.cleaned_data["search"]
        if text and not searching.words(text):
            raise forms.ValidationError("There is no word in it. Search for letters or digits.")
        return text

    def clean(self) -> dict[str, Any]:
        lowest, highest = self.cleaned_data.get("min_price"), self.cleaned_data.get("max_price")
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error("min_price", "It is above maxPrice, so nothing can match.")
        return self.cleaned_data


class ProductFilterSet(django_filters.FilterSet):
    """What the product list can be narrowed by. Several together mean: all of them."""

    # First, because words are taken as they are spelt if anything in the list before the other filters has them.
    search = django_filters.CharFilter(
        method="matching",
        max_length=MAX_SEARCH,
        help_text="Words, the first 5 of them, that all occur in name, tags, vendor or description, or a SKU: "
        '"oak desk". The last may be the beginning of one. On PostgreSQL other forms of a word count as well, and a '
        "misspelt one finds what it may mean. The best come first unless `ordering` says otherwise.",
    )
    category = django_filters.CharFilter(
        method="in_category", help_text='Slug of a category; its descendants count too: "lighting".'
    )
    vendor = django_filters.CharFilter(method="of_vendor", help_text="Slug of a vendor.")
    min_price = django_filters.NumberFilter(
        method="costing_at_least", min_value=Decimal(0), decimal_places=3, help_text="Some variant costs at least this."
    )
    max_price = django_filters.NumberFilter(
        method="costing_at_most", min_value=Decimal(0), decimal_places=3, help_text="Some variant costs at most this."
    )
    in_stock = django_filters.BooleanFilter(method="available", help_text="Whether some variant can be bought now.")
    attributes = AttributesFilter(
        method="with_attributes",
        help_text='At most 10, all of which it has: [{ name: "material", value: "oak" }]. A value is given as text, '
        'also a number or a truth value: "5", "true"; of a list it is one of its values.',
    )
    tags = TagsFilter(method="tagged", help_text='At most 10, all of which it has, spelt as they are: ["sale"].')
    min_rating = django_filters.NumberFilter(
        field_name="rating_average",
        lookup_expr="gte",
        min_value=Decimal(1),
        max_value=Decimal(5),
        decimal_places=2,
        help_text="The mean of its reviews is so many stars or more, from 1 to 5.",
    )
    is_digital = django_filters.BooleanFilter(field_name="is_digital")
    is_featured = django_filters.BooleanFilter(field_name="is_featured")
    created_after = MomentFilter(field_name="created_at", lookup_expr="gte")
    created_before = MomentFilter(field_name="created_at", lookup_expr="lt")

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

    def matching(self, queryset: ProductQuerySet, name: str, value: str) -> ProductQuerySet:
        return queryset.matching(value)

    def with_attributes(
        self, queryset: QuerySet[Product], name: str, value: list[tuple[str, str]]
    ) -> QuerySet[Product]:
        for attribute, wanted in value:
            queryset = queryset.filter(_attributes.has_attribute(queryset, attribute, wanted))
        return queryset

    def tagged(self, queryset: QuerySet[Product], name: str, value: list[str]) -> QuerySet[Product]:
        for tag in value:
            queryset = queryset.filter(_attributes.has_tag(queryset, tag))
        return queryset

    def available(self, queryset: ProductQuerySet, name: str, value: bool) -> ProductQuerySet:
        return queryset.in_stock(value)


class ManagedProductFilterSet(ProductFilterSet):
    """What the list of products one keeps can be narrowed by. Several together mean: all of them."""

    status = django_filters.ChoiceFilter(choices=ProductStatus.choices)


class ReviewFilterSet(django_filters.FilterSet):
    """What the reviews of a product can be narrowed by. Several together mean: all of them."""

    rating = django_filters.NumberFilter(min_value=1, max_value=5, help_text="So many stars, from 1 to 5.")
    is_verified_purchase = django_filters.BooleanFilter()

    class Meta:
        model = Review
        fields: list[str] = []


class ModeratedReviewFilterSet(ReviewFilterSet):
    """What the list of all reviews can be narrowed by. Several together mean: all of them."""

    status = django_filters.ChoiceFilter(choices=ReviewStatus.choices)
    product = django_filters.CharFilter(method="of_product", help_text="Slug of a product.")
    search = django_filters.CharFilter(
        method="matching", max_length=MAX_SEARCH, help_text='A text that occurs in title or body: "broken hinge".'
    )

    def of_product(self, queryset: QuerySet[Review], name: str, value: str) -> QuerySet[Review]:
        return queryset.filter(product__in=Product.objects.with_slug(value))

    def matching(self, queryset: QuerySet[Review], name: str, value: str) -> QuerySet[Review]:
        return queryset.filter(Q(title__icontains=value) | Q(body__icontains=value))
