"""Pictures of a product. What is uploaded here is checked, and made anew, as what comes through the API."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.decorators import display
from unfold.widgets import UnfoldAdminFileFieldWidget

from catalog.admin.kit import Kept, ServiceForm, ServiceRows
from catalog.models import ImageSize, ProductImage
from catalog.permissions import CatalogPermission
from catalog.services import images


class ImageForm(ServiceForm):
    # Not Django's field for pictures: it would open the file before its size was looked at.
    file = forms.FileField(widget=UnfoldAdminFileFieldWidget, help_text="JPEG, PNG, WebP, GIF or AVIF.")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.pk:  # another picture is another row
            self.fields["file"].disabled = True
            self.fields["file"].required = False


class ImageRows(ServiceRows):
    def save_existing(self, form: Any, obj: ProductImage, commit: bool = True) -> ProductImage:
        with self.row(form) as values:
            if "alt" in values:
                images.update(image_id=obj.pk, alt=values["alt"], actor=self.actor)
        return obj

    def delete_existing(self, obj: ProductImage, commit: bool = True) -> None:
        images.remove(image_id=obj.pk, actor=self.actor)

    def save_new_objects(self, commit: bool = True) -> list[ProductImage]:
        """All in one: where one is refused, no file of another is left behind."""
        new = [form for form in self.extra_forms if form.has_changed() and not self._should_delete_form(form)]
        self.new_objects = self._add(new) if new else []
        return self.new_objects

    def save(self, commit: bool = True) -> list[ProductImage]:
        saved: list[ProductImage] = super().save(commit=commit)
        places = {
            form.instance.pk: form.cleaned_data["position"]
            for form in self.initial_forms
            if "position" in form.changed_data
        }
        if places:
            order = sorted(self.instance.images.all(), key=lambda image: places.get(image.pk, image.position))
            images.reorder(product_id=self.instance.pk, image_ids=[image.pk for image in order], actor=self.actor)
        return saved

    def _add(self, new: list[Any]) -> list[ProductImage]:
        given = [form.cleaned_data for form in new]
        try:
            return images.add(
                product_id=self.instance.pk,
                files=[each["file"] for each in given],
                alts=[each["alt"] for each in given],
                actor=self.actor,
            )
        except ValidationError as refusal:
            match getattr(refusal, "field", None):
                case ["files" | "alts" as name, index]:
                    refusal.row = new[int(index)].prefix  # type: ignore[attr-defined]
                    refusal.field = [name.removesuffix("s")]  # type: ignore[attr-defined]
            raise


class ImageInline(Kept, TabularInline):
    keeper = CatalogPermission.MANAGE_PRODUCTS
    model = ProductImage
    form = ImageForm
    formset = ImageRows
    fields = ["preview", "file", "alt", "position"]
    readonly_fields = ["preview"]
    verbose_name = "picture"
    extra = 0
    max_num = images.MAX_IMAGES
    hide_title = True

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_change_permission(request)

    @display
    def preview(self, image: ProductImage) -> SafeString | str:
        if not image.pk:
            return "–"
        return format_html(
            '<a href="{}"><img src="{}" alt="{}" width="56" loading="lazy" class="rounded-default"></a>',
            image.url,
            image.url_of(ImageSize.SMALL),
            image.alt,
        )
