"""`manage.py load_demo`: the demo shop with its accounts. Run again it adds what is missing and changes nothing."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import transaction

from accounts.models import User
from catalog.models import Product
from catalog.permissions import CatalogPermission
from notifications import tasks as notifications
from ordering import services as ordering
from ordering.models import ShippingMethod
from ordering.permissions import OrderPermission
from workflows.models import ApprovalPolicy

PASSWORD = "demo-password"
PRODUCTS = settings.BASE_DIR / "catalog" / "demo" / "products.csv"
STAFF_MAY = [*OrderPermission, *CatalogPermission]
ADMIN_VIEWS = ["catalog", "ordering", "workflows", "notifications"]
# E-mail address, name, role, extra fields.
PEOPLE: list[tuple[str, str, str | None, dict[str, bool]]] = [
    ("customer@example.com", "Cleo Customer", None, {}),
    ("second@example.com", "Sam Second", None, {}),
    ("seller@example.com", "Selma Seller", "Sellers", {}),
    ("approver@example.com", "Ada Approver", "Approvers", {}),
    ("staff@example.com", "Stan Staff", "Order desk", {"is_staff": True}),
    ("admin@example.com", "Alma Admin", None, {"is_staff": True, "is_superuser": True}),
]


class Command(BaseCommand):
    requires_system_checks: list[str] = []  # they import the whole API, which a second start need not wait for
    help = "Loads the demo shop: products, accounts (password demo-password), shipping and an approval policy."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--force", action="store_true", help="Load it although DEBUG is off.")

    def handle(self, *args: Any, force: bool, **options: Any) -> None:
        if not settings.DEBUG and not force:
            raise CommandError(
                "DEBUG is off, so this looks like a real shop, and the demo's accounts have a public password. "
                "Use --force to load it all the same."
            )
        with transaction.atomic():
            self._load_roles()
            self._load_people()
            self._load_terms()
        if not Product.objects.exists():
            call_command("import_products", str(PRODUCTS))
            call_command("draw_images")
        # What a process that was killed left lying is delivered and settled now: the demo has no beat.
        notifications.sweep()
        ordering.settle_open_payments()
        self.stdout.write(f"The demo shop is loaded: {Product.objects.count()} products, {len(PEOPLE)} accounts.")

    def _load_roles(self) -> None:
        for name in ("Sellers", "Approvers"):
            Group.objects.get_or_create(name=name)
        desk, _ = Group.objects.get_or_create(name="Order desk")
        codenames = [permission.split(".")[1] for permission in STAFF_MAY]
        may = Permission.objects.filter(codename__in=codenames) | Permission.objects.filter(
            codename__startswith="view_", content_type__app_label__in=ADMIN_VIEWS
        )
        desk.permissions.add(*may)

    def _load_people(self) -> None:
        known = set(User.objects.values_list("email", flat=True))
        for email, full_name, role, fields in PEOPLE:
            if email in known:
                continue
            user = User.objects.create_user(email, PASSWORD, full_name=full_name, **fields)
            if role:
                user.groups.add(Group.objects.get(name=role))

    def _load_terms(self) -> None:
        currency = settings.SHOP_CURRENCY
        for name, price, free_above in (("Standard", "4.90", "100"), ("Express", "12.90", None)):
            ShippingMethod.objects.get_or_create(
                name=name,
                defaults={
                    "currency": currency,
                    "price_amount": Decimal(price),
                    "free_above": free_above and Decimal(free_above),
                },
            )
        ApprovalPolicy.objects.get_or_create(
            name="Large orders",
            defaults={
                "group": Group.objects.get(name="Approvers"),
                "currency": currency,
                "threshold_amount": Decimal("500.00"),
            },
        )
