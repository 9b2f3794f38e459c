"""Of the catalogue."""

from accounts.permissions import Role
from tests.schema.matrix.personas import (
    NOT_FOUND,
    OK,
    UNAUTHENTICATED,
    Rows,
    errors,
    everybody,
    holders,
    keepers,
    of_id,
    owner_only,
    row,
    signed_in,
)

MERCHANDISERS = (Role.MERCHANDISER, Role.ADMINISTRATOR)
MODERATORS = (Role.SUPPORT, Role.MERCHANDISER, Role.ADMINISTRATOR)

ROWS: Rows = {
    "products": ("{ products { edges { node { name } } } }", "", everybody()),
    "product": ("query($id: ID!) { product(id: $id) { name } }", "id=product", everybody()),
    "productBySlug": ("query($slug: String!) { productBySlug(slug: $slug) { name } }", "slug=slug", everybody()),
    "managedProducts": ("{ managedProducts { edges { node { name } } } }", "", signed_in()),
    "currencies": ("{ currencies }", "", everybody()),
    "categories": ("{ categories { edges { node { name } } } }", "", everybody()),
    "category": ("query($id: ID!) { category(id: $id) { name } }", "id=category", everybody()),
    "categoryBySlug": (
        "query($slug: String!) { categoryBySlug(slug: $slug) { name } }",
        "slug=category_slug",
        everybody(),
    ),
    "vendors": ("{ vendors { edges { node { name } } } }", "", everybody()),
    "vendor": ("query($id: ID!) { vendor(id: $id) { name } }", "id=vendor", everybody()),
    "vendorBySlug": (
        "query($slug: String!) { vendorBySlug(slug: $slug) { name } }",
        "slug=vendor_slug",
        everybody(),
    ),
    # Sellers' shops and shelves.
    "categoryCreate": (
        'mutation { categoryCreate(input: {name: "New"}) { userErrors { code } } }',
        "",
        holders(*MERCHANDISERS),
    ),
    "categoryUpdate": (of_id("categoryUpdate", ', input: {name: "New"}'), "id=category", holders(*MERCHANDISERS)),
    "categoryMove": (of_id("categoryMove"), "id=category", holders(*MERCHANDISERS)),
    "categoryDelete": (of_id("categoryDelete"), "id=empty_category", holders(*MERCHANDISERS)),
    "vendorCreate": (
        'mutation { vendorCreate(input: {name: "New"}) { userErrors { code } } }',
        "",
        holders(Role.ADMINISTRATOR),
    ),
    "vendorUpdate": (
        of_id("vendorUpdate", ', input: {name: "New"}'),
        "id=vendor",
        row(NOT_FOUND, anonymous=UNAUTHENTICATED) | {role.value: OK for role in (Role.SELLER, Role.ADMINISTRATOR)},
    ),
    "vendorMembersSet": (of_id("vendorMembersSet", ", userIds: []"), "id=vendor", holders(Role.ADMINISTRATOR)),
    # Products and their variants.
    "productCreate": (
        errors("productCreate", 'input: {name: "New", vendorId: $vendor}', "$vendor: ID!"),
        "vendor=vendor",
        keepers(),
    ),
    "productUpdate": (of_id("productUpdate", ', input: {name: "New"}'), "id=product", keepers()),
    "productActivate": (of_id("productActivate"), "id=draft_product", keepers()),
    "productArchive": (of_id("productArchive"), "id=product", keepers()),
    "productRestore": (of_id("productRestore"), "id=archived_product", keepers()),
    "managedVariants": (
        "query($id: ID!) { managedVariants(productId: $id) { edges { node { sku } } } }",
        "id=product",
        signed_in(),
    ),
    "variantCreate": (
        errors("variantCreate", 'productId: $id, input: {sku: "NEW", price: "1.00"}', "$id: ID!"),
        "id=product",
        keepers(),
    ),
    "variantUpdate": (of_id("variantUpdate", ', input: {name: "New"}'), "id=variant", keepers()),
    "variantActivate": (of_id("variantActivate"), "id=variant", keepers()),
    "variantDeactivate": (of_id("variantDeactivate"), "id=variant", keepers()),
    "variantsReorder": (
        errors("variantsReorder", "productId: $id, ids: [$variant]", "$id: ID!, $variant: ID!"),
        "id=product variant=variant",
        keepers(),
    ),
    "variantPricesSet": (
        of_id("variantPricesSet", ', prices: [{currency: "EUR", amount: "2.00"}]'),
        "id=variant",
        keepers(),
    ),
    "productVersion": ("query($id: ID!) { productVersion(id: $id) { number } }", "id=version", keepers()),
    "productVersionCreate": (
        errors("productVersionCreate", 'productId: $id, input: {name: "New"}', "$id: ID!"),
        "id=product",
        keepers(),
    ),
    "productVersionPublish": (of_id("productVersionPublish"), "id=version", keepers()),
    # Files come by multipart, which a request of this kind is not.
    "productImagesAdd": (
        errors("productImagesAdd", "productId: $id, files: []", "$id: ID!"),
        "id=product",
        signed_in("REQUIRED"),
    ),
    "productImagesReorder": (
        errors("productImagesReorder", "productId: $id, ids: [$image]", "$id: ID!, $image: ID!"),
        "id=product image=image",
        keepers(),
    ),
    "productImageUpdate": (of_id("productImageUpdate", ', alt: "New"'), "id=image", keepers()),
    "productImageRemove": (of_id("productImageRemove"), "id=image", keepers()),
    # Jobs.
    "productsImport": (
        "mutation($file: Upload!) { productsImport(file: $file) { userErrors { code } } }",
        "file=file",
        holders(*MERCHANDISERS),
    ),
    "productsExport": (
        "mutation { productsExport(format: JSON_LINES) { userErrors { code } } }",
        "",
        holders(*MERCHANDISERS),
    ),
    "jobs": ("{ jobs { edges { node { status } } } }", "", signed_in()),
    "job": ("query($id: ID!) { job(id: $id) { status } }", "id=job", owner_only()),
    # Stock.
    "variantStockAdjust": (
        of_id("variantStockAdjust", ', delta: 1, reason: RECEIVED, note: ""'),
        "id=variant",
        keepers(Role.SUPPLY_CHAIN),
    ),
    "variantStockSet": (
        of_id("variantStockSet", ', quantity: 1, reason: COUNTED, note: ""'),
        "id=variant",
        keepers(Role.SUPPLY_CHAIN),
    ),
    "variantStockThresholdSet": (
        of_id("variantStockThresholdSet", ", lowBelow: 1"),
        "id=variant",
        keepers(Role.SUPPLY_CHAIN),
    ),
    "lowStockVariants": (
        "{ lowStockVariants { edges { node { sku } } } }",
        "",
        holders(Role.SUPPLY_CHAIN, Role.ADMINISTRATOR),
    ),
    "stockAlerts": ("{ stockAlerts { edges { node { id } } } }", "", signed_in()),
    "stockAlertCreate": (
        errors("stockAlertCreate", 'variantId: $id, email: "new@example.com"', "$id: ID!"),
        "id=sold_out_variant",
        everybody(),
    ),
    # By the link of an e-mail, for whoever has it; by `id` it is one's own.
    "stockAlertDelete": (
        'mutation { stockAlertDelete(token: "x") { userErrors { code } } }',
        "",
        everybody("LINK_INVALID"),
    ),
    # Opinions and wishes.
    "productSuggestions": ('{ productSuggestions(prefix: "pro") { name } }', "", everybody()),
    "reviews": ("{ reviews { edges { node { rating } } } }", "", holders(*MODERATORS)),
    "myReviews": ("{ myReviews { edges { node { rating } } } }", "", signed_in()),
    "reviewCreate": (
        errors("reviewCreate", "productId: $id, input: {rating: 5}", "$id: ID!"),
        "id=product",
        signed_in() | {Role.SELLER.value: "OWN_PRODUCT"},
    ),
    "reviewUpdate": (of_id("reviewUpdate", ", input: {rating: 4}"), "id=review", owner_only()),
    "reviewDelete": (of_id("reviewDelete"), "id=review", owner_only()),
    "reviewVoteHelpful": (
        of_id("reviewVoteHelpful", ", isHelpful: true"),
        "id=published_review",
        signed_in() | {"owner": "OWN_REVIEW"},
    ),
    "reviewPublish": (of_id("reviewPublish"), "id=review", holders(*MODERATORS)),
    "reviewReject": (of_id("reviewReject", ', reason: "x"'), "id=review", holders(*MODERATORS)),
    "wishlists": ("{ wishlists { edges { node { name } } } }", "", signed_in()),
    "wishlist": ("query($id: ID!) { wishlist(id: $id) { name } }", "id=wishlist", owner_only()),
    "sharedWishlist": ("query($key: String!) { sharedWishlist(key: $key) { name } }", "key=share_key", everybody()),
    "wishlistCreate": ('mutation { wishlistCreate(name: "New") { userErrors { code } } }', "", signed_in()),
    "wishlistRename": (of_id("wishlistRename", ', name: "New"'), "id=wishlist", owner_only()),
    "wishlistDelete": (of_id("wishlistDelete"), "id=wishlist", owner_only()),
    "wishlistAdd": (errors("wishlistAdd", "variantId: $id", "$id: ID!"), "id=variant", signed_in()),
    "wishlistRemove": (
        errors("wishlistRemove", "variantId: $id, wishlistId: $list", "$id: ID!, $list: ID!"),
        "id=variant list=wishlist",
        owner_only(),
    ),
    "wishlistShare": (of_id("wishlistShare"), "id=wishlist", owner_only()),
    "wishlistUnshare": (of_id("wishlistUnshare"), "id=wishlist", owner_only()),
}
