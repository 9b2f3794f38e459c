"""Pictures of products."""

import strawberry
from strawberry import relay

from catalog.graphql import types
from catalog.services import images
from schema import kit


@strawberry.type
class ProductImagesAddPayload:
    images: list[types.ProductImage] | None = strawberry.field(default=None, description="Those added, in their order.")
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductImagesReorderPayload:
    product: types.Product | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductImageUpdatePayload:
    image: types.ProductImage | None = None
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class ProductImageRemovePayload:
    product: types.Product | None = strawberry.field(default=None, description="The product without it.")
    user_errors: list[types.CatalogUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Adds pictures behind those a product you keep has: all of them, or none. A multipart request; \
see `Upload`.

JPEG, PNG, WebP, GIF or AVIF, by their content, of at most 10 MB and 50 megapixels; of an animation the first picture. \
At most 10 a request and 30 a product. They are kept upright, in sRGB and without what the camera wrote into them, \
such as the place. FILE_INVALID and FILE_TOO_LARGE name the file: ["files", "0"]. `alts` has a text for each file, in \
the same order. Thumbnails are there a moment later; until then `url(size:)` is the picture itself.""",
    )
    def product_images_add(
        self, info: kit.Info, product_id: relay.GlobalID, files: list[kit.Upload], alts: list[str] | None = None
    ) -> ProductImagesAddPayload | None:
        viewer = kit.signed_in(info)
        info.context.spend("productImagesAdd", 1)
        product = kit.pk(product_id, types.Product)
        added = images.add(product_id=product, files=files, alts=alts, actor=viewer)
        return ProductImagesAddPayload(images=added, product=added[0].product)

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Puts the pictures of a product you keep in another order. `ids` names all of them, each once; the "
        "first is the one to show in lists.",
    )
    def product_images_reorder(
        self, info: kit.Info, product_id: relay.GlobalID, ids: list[relay.GlobalID]
    ) -> ProductImagesReorderPayload | None:
        viewer = kit.signed_in(info)
        product = kit.pk(product_id, types.Product)
        keys = [kit.pk(each, types.ProductImage) for each in ids]
        return ProductImagesReorderPayload(product=images.reorder(product_id=product, image_ids=keys, actor=viewer))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Says what a picture of a product you keep shows, for those who cannot see it: one line of at most "
        "512 characters.",
    )
    def product_image_update(self, info: kit.Info, id: relay.GlobalID, alt: str) -> ProductImageUpdatePayload | None:
        viewer = kit.signed_in(info)
        return ProductImageUpdatePayload(
            image=images.update(image_id=kit.pk(id, types.ProductImage), alt=alt, actor=viewer)
        )

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="Takes a picture from a product you keep. Its files are deleted; a variant whose own picture it "
        "was has none then.",
    )
    def product_image_remove(self, info: kit.Info, id: relay.GlobalID) -> ProductImageRemovePayload | None:
        viewer = kit.signed_in(info)
        return ProductImageRemovePayload(product=images.remove(image_id=kit.pk(id, types.ProductImage), actor=viewer))
