"""`manage.py load_demo`: the demo shop with its accounts. Run again it adds what is missing and changes nothing."""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management import BaseCommand, CommandError, CommandParser, call_command
from django.db import transaction

from accounts.models import User
from accounts.permissions import Role
from catalog.models import Product
from notifications import tasks as notifications
from ordering import services as ordering
from ordering.models import ShippingMethod
from workflows.models import ApprovalPolicy

PASSWORD = "demo-password"
PRODUCTS = settings.BASE_DIR / "catalog" / "demo" / "products.csv"
# Who decides large orders: a group of the shop's own, as every shop makes them.
APPROVERS = "Approvers"
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
            self._load_people()
            self._load_terms()
        if not Product.objects.exists():
            call_command("import_products", str(PRODUCTS))
            call_command("draw_images")
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
                "group": Group.objects.get(name=APPROVERS),
                "currency": currency,
                "threshold_amount": Decimal("500.00"),
            },
        )
