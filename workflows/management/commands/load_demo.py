"""`manage.py load_demo`: the demo shop with its accounts. Run again it adds what is missing and changes nothing."""

import csv
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import transaction

from accounts.models import User
from accounts.permissions import Role
from catalog.models import Product, ProductVariant, Review, StockLevel, VariantPrice, Vendor
from catalog.services import prices, reviews, stock, vendors, versions, wishlists
from notifications import tasks as notifications
from ordering import services as ordering
from ordering.models import Promotion, PromotionKind, ShippingMethod, ShippingTier, ShippingZone, TaxRate
from workflows.models import ApprovalPolicy

PASSWORD = "demo-password"
PRODUCTS = settings.BASE_DIR / "catalog" / "demo" / "products.csv"
REVIEWS = PRODUCTS.with_name("reviews.csv")
# What the shop's own price is multiplied by in another currency, and to what that is rounded.
RATES = {"USD": ("1.1", "0.01"), "GBP": ("0.85", "0.01"), "CHF": ("0.95", "0.05"), "JPY": ("160", "10")}
# What products are made of stands in their tags; as an attribute it can be filtered by.
MATERIALS = ["oak", "beech", "steel", "enamel", "stoneware", "glass", "brass", "linen", "wool", "cotton", "leather"]
SELLERS_SHOP = "Studio Marrow"
# Who decides large orders: a group of the shop's own, as every shop makes them.
APPROVERS = "Approvers"
# Name, zone, its countries, price, free from, price of what is heavy. A zone without countries is all the others.
EUROPE = ["DE", "AT", "BE", "CH", "CZ", "DK", "ES", "FI", "FR", "GB", "IE", "IT", "LU", "NL", "PL", "PT", "SE"]
SHIPPING: list[tuple[str, str, list[str], str, str | None, str | None]] = [
    ("Standard", "Europe", EUROPE, "4.90", "100", "9.90"),
    ("Express", "Europe", EUROPE, "12.90", None, None),
    ("International", "Rest of the world", [], "19.90", "300", "39.90"),
]
HEAVY_GRAMS = 10_000
# Country, region, what invoices call it, standard and reduced rate.
TAXES: list[tuple[str, ...]] = [
    ("DE", "", "VAT", "19", "7"),
    ("AT", "", "VAT", "20", "10"),
    ("FR", "", "VAT", "20", "5.5"),
    ("IT", "", "VAT", "22", "10"),
    ("NL", "", "VAT", "21", "9"),
    ("ES", "", "VAT", "21", "10"),
    ("GB", "", "VAT", "20", "5"),
    ("CH", "", "VAT", "8.1", "2.6"),
    ("JP", "", "Consumption tax", "10", "8"),
    ("US", "CA", "Sales tax", "7.25"),
    ("US", "NY", "Sales tax", "4"),
]
# E-mail address, name, roles, extra fields.
PEOPLE: list[tuple[str, str, list[str], dict[str, bool]]] = [
    ("customer@example.com", "Cleo Customer", [Role.CUSTOMER], {}),
    ("second@example.com", "Sam Second", [Role.CUSTOMER], {}),
    ("seller@example.com", "Selma Seller", [Role.SELLER], {}),
    ("approver@example.com", "Ada Approver", [APPROVERS], {}),
    ("staff@example.com", "Stan Staff", [Role.SUPPORT, Role.MERCHANDISER, Role.SUPPLY_CHAIN], {"is_staff": True}),
    ("admin@example.com", "Alma Admin", [Role.ADMINISTRATOR], {"is_staff": True, "is_superuser": True}),
]
# What stood in for roles before there were any.
FORMER_GROUPS = ["Sellers", "Order desk"]


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they import the whole API, which a second start need not wait for
    help = "Loads the demo shop: products, accounts (password demo-password), shipping, taxes, promotions."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="Load it although DEBUG is off.")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        if not settings.DEBUG and not force:
            raise CommandError(
                "DEBUG is off, so this looks like a real shop, and the demo's accounts have a public password. "
                "Use --force to load it all the same."
            )
        with transaction.atomic():
            self._load_people()
            self._load_terms()
        if not Product.objects.exists():
            call_command("import_products", str(PRODUCTS))
            self._load_materials()
            call_command("draw_images")
        with transaction.atomic():
            self._load_prices()
            if not Promotion.objects.exists():
                self._load_promotions()
            if not Review.objects.exists():
                self._load_life()
        # What a process that was killed left lying is delivered and settled now: the demo has no beat.
        notifications.sweep()
        ordering.settle_open_payments()
        self.stdout.write(f"The demo shop is loaded: {Product.objects.count()} products, {len(PEOPLE)} accounts.")

    def _load_people(self) -> None:
        Group.objects.get_or_create(name=APPROVERS)
        groups = {group.name: group for group in Group.objects.all()}
        people = {person.email: person for person in User.objects.filter(email__in=[email for email, *_ in PEOPLE])}
        for email, full_name, roles, fields in PEOPLE:
            person = people.get(email) or User.objects.create_user(email, PASSWORD, full_name=full_name, **fields)
            person.groups.remove(*(groups[name] for name in FORMER_GROUPS if name in groups))
            if not person.groups.exists() and person.is_active:
                person.groups.add(*(groups[role] for role in roles))
        Group.objects.filter(name__in=FORMER_GROUPS, user=None).delete()

    def _load_materials(self) -> None:
        products = list(Product.objects.all())
        for product in products:
            product.attributes = {"material": [each for each in MATERIALS if each in product.tags]}
        Product.objects.bulk_update([each for each in products if each.attributes["material"]], ["attributes"])

    def _load_prices(self) -> None:
        """A price list for each further currency of the shop that has none yet."""
        listed = set(VariantPrice.objects.order_by().values_list("currency", flat=True).distinct())
        missing = [code for code in settings.SHOP_CURRENCIES[1:] if code in RATES and code not in listed]
        if not missing:
            return
        own = ProductVariant.objects.filter(currency=settings.SHOP_CURRENCY)
        VariantPrice.objects.bulk_create(
            VariantPrice(
                variant=variant,
                currency=code,
                amount=_converted(variant.price_amount, code),
                compare_at_amount=variant.compare_at_amount and _converted(variant.compare_at_amount, code),
            )
            for variant in own
            for code in missing
        )
        prices.refresh_ranges(list(Product.objects.all()))

    def _load_life(self) -> None:
        """What sellers, customers and staff would have done by now."""
        people = {person.email: person for person in User.objects.filter(email__in=[email for email, *_ in PEOPLE])}
        admin, seller, customer = (people[f"{name}@example.com"] for name in ("admin", "seller", "customer"))
        shop = Vendor.objects.filter(name=SELLERS_SHOP).first()
        if shop is None:  # the shop's own products were loaded instead
            return
        vendors.set_members(actor=admin, vendor_id=shop.pk, user_ids=[seller.pk])
        self._load_reviews(people)
        for level in StockLevel.objects.filter(on_hand__lte=10):
            stock.set_threshold(actor=admin, variant_id=level.pk, low_below=12)
        products = Product.objects.in_bulk(["stoneware-mug", "bud-vase", "elbow-desk-lamp"], field_name="slug")
        versions.create(
            actor=seller,
            product_id=products["stoneware-mug"].pk,
            given={"name": "Stoneware Mug with a Thumb Rest", "seo_title": "A mug with a rest for your thumb"},
            note="Nobody finds the thumb rest in a search.",
        )
        birthday = wishlists.create(actor=customer, name="Birthday")
        for product in products.values():
            variant = product.variants.all()[0]
            wishlists.add(actor=customer, variant_id=variant.pk, wishlist_id=birthday.pk)
        wishlists.share(actor=customer, wishlist_id=birthday.pk)

    def _load_reviews(self, people: dict[str, User]) -> None:
        """Rows, not written by the service: nobody in the demo has bought anything yet."""
        with REVIEWS.open(newline="", encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        products = Product.objects.in_bulk({line["Handle"] for line in lines}, field_name="slug")
        Review.objects.bulk_create(
            Review(
                product=products[line["Handle"]],
                customer=people[line["Author"]],
                rating=int(line["Rating"]),
                title=line["Title"],
                body=line["Body"],
                status=line["Status"],
                is_verified_purchase=line["Verified"] == "yes",
            )
            for line in lines
            if line["Handle"] in products
        )
        reviews.refresh_ratings(list(products.values()))

    def _load_terms(self) -> None:
        own = settings.SHOP_CURRENCY
        for currency in [own, *(code for code in settings.SHOP_CURRENCIES[1:] if code in RATES)]:
            self._load_shipping(currency)
        if not TaxRate.objects.exists():
            TaxRate.objects.bulk_create(
                TaxRate(country=country, region=region, name=name, tax_class=tax_class, percent=Decimal(percent))
                for country, region, name, *percents in TAXES
                for tax_class, percent in zip(("standard", "reduced"), percents, strict=False)
            )
        ApprovalPolicy.objects.get_or_create(
            name="Large orders",
            defaults={
                "group": Group.objects.get(name=APPROVERS),
                "currency": own,
                "threshold_amount": Decimal("500.00"),
            },
        )

    def _load_promotions(self) -> None:
        """A coupon for the first order, and a rule that applies by itself."""
        Promotion.objects.create(
            name="Welcome",
            code="WELCOME10",
            kind=PromotionKind.PERCENTAGE,
            percent=Decimal(10),
            is_first_order_only=True,
            usage_limit_per_customer=1,
        )
        three_for_two = Promotion.objects.create(
            name="Three mugs for two",
            kind=PromotionKind.BUY_X_GET_Y,
            buy_quantity=2,
            get_quantity=1,
            percent=Decimal(100),
        )
        three_for_two.products.set(Product.objects.filter(slug="stoneware-mug"))

    def _load_shipping(self, currency: str) -> None:
        """The methods of a currency: to the neighbours, and to everywhere else, a heavy parcel for more."""

        def amount(value: str | None) -> Decimal | None:
            exact = None if value is None else Decimal(value)
            return exact if exact is None or currency == settings.SHOP_CURRENCY else _converted(exact, currency)

        for name, zone, countries, price, free_above, heavier in SHIPPING:
            method, is_new = ShippingMethod.objects.get_or_create(
                name=name,
                currency=currency,
                defaults={
                    "zone": ShippingZone.objects.get_or_create(name=zone, defaults={"countries": countries})[0],
                    "price_amount": amount(price),
                    "free_above": amount(free_above),
                },
            )
            if is_new and heavier:
                ShippingTier.objects.create(method=method, from_weight_grams=HEAVY_GRAMS, price_amount=amount(heavier))


def _converted(amount: Decimal, currency: str) -> Decimal:
    rate, step = map(Decimal, RATES[currency])
    return (amount * rate / step).quantize(Decimal(1)) * step
