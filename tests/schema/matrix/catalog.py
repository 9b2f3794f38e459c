"""Of the catalogue."""

from tests.schema.matrix.personas import Rows, everybody, signed_in

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
}
