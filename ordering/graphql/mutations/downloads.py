"""The files that buyers of a variant get."""

import strawberry
from strawberry import relay

from catalog.graphql.types import ProductVariant
from ordering.graphql import types
from ordering.services import digital_files
from schema import kit


@strawberry.type
class VariantFileAddPayload:
    file: types.DigitalFile | None = None
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class VariantFileRemovePayload:
    file: types.DigitalFile | None = strawberry.field(default=None, description="What was removed.")
    user_errors: list[types.OrderUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Has the buyers of a variant of a digital product you keep get this file, under `name` or its \
own. A multipart request; see `Upload`.

Of at most 100 MB; a variant has at most 20 files: FILE_INVALID. Orders that were paid and waited for a file are
delivered with it. Those delivered before do not change.""",
    )
    def variant_file_add(
        self, info: kit.Info, variant_id: relay.GlobalID, file: kit.Upload, name: str | None = None
    ) -> VariantFileAddPayload | None:
        viewer = kit.signed_in(info)
        info.context.spend("variantFileAdd", 1)
        added = digital_files.add(variant_id=kit.pk(variant_id, ProductVariant), file=file, name=name, actor=viewer)
        return VariantFileAddPayload(file=added)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Takes a file from a variant of a product you keep. Those who bought it before may download it as "
        "long as they might have.",
    )
    def variant_file_remove(self, info: kit.Info, id: relay.GlobalID) -> VariantFileRemovePayload | None:
        viewer = kit.signed_in(info)
        removed = digital_files.remove(file_id=kit.pk(id, types.DigitalFile), actor=viewer)
        return VariantFileRemovePayload(file=removed)
