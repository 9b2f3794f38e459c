"""A shop to test with, and clients that speak GraphQL to it as a frontend would."""

import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from asgiref.testing import ApplicationCommunicator
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from strawberry.channels.testing import GraphQLWebsocketCommunicator
from strawberry.relay.utils import to_base64

from accounts import throttling
from accounts.models import User
from accounts.services import sessions
from catalog.models import Category, Product, ProductImage, ProductStatus, ProductVariant, StockLevel, Vendor
from config.asgi import application
from ordering.models import ShippingMethod
from ordering.permissions import OrderPermission
from workflows.models import ApprovalPolicy

PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


@pytest.fixture(autouse=True)
def _media_of_its_own(settings, tmp_path):
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture(autouse=True)
def _attempts_of_its_own():
    throttling._local_limiter().storage.reset()


class Api:
    """One person's GraphQL client over Django's test client."""

    def __init__(self, user: User | None = None, token: str | None = None):
        self.http = Client()
        self.user = user
        self.token = sessions.open_session(user).access_token if user else token

    def send(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole response: data and errors."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        response = self.http.post(
            "/graphql", {"query": query, "variables": variables}, content_type="application/json", headers=headers
        )
        return json.loads(response.content)

    def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a request that must have no errors."""
        response = self.send(query, **variables)
        assert "errors" not in response, response["errors"]
        return response["data"]

    def code(self, query: str, **variables: Any) -> str:
        """The code of the first error of a request that must have one."""
        response = self.send(query, **variables)
        assert response.get("errors"), response
        return response["errors"][0]["extensions"]["code"]


def token_of(user: User) -> str:
    """An access token of a new session. In a thread of its own, because sockets are opened in event loops."""

    def signed_in() -> str:
        try:
            return sessions.open_session(user).access_token
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(signed_in).result()


class Socket(GraphQLWebsocketCommunicator):
    """Channels' communicator keeps database connections open while it waits; a server does not, and nor does this.

    It also gives up after a second, which a busy machine may take to open a socket.
    """

    async def connect(self, timeout: float = 10) -> Any:
        return await super().connect(timeout)

    send_input = ApplicationCommunicator.send_input
    receive_output = ApplicationCommunicator.receive_output


def socket(user: User | None = None, **params: Any) -> Socket:
    """A person's WebSocket to the whole ASGI application; `params` replace the connectionParams."""
    params = params or ({"Authorization": f"Bearer {token_of(user)}"} if user else {})
    return Socket(application, "/graphql", connection_params=params)


def gid(row: Any, name: str | None = None) -> str:
    """The global id of a row."""
    return to_base64(name or type(row).__name__, row.pk)


def make_user(email: str | None = None, *, roles: tuple[str, ...] = (), **fields: Any) -> User:
    user = User.objects.create_user(email or f"person{next(_numbers)}@example.com", PASSWORD, **fields)
    user.groups.add(*(Group.objects.get_or_create(name=role)[0] for role in roles))
    return user


def make_staff(email: str = "staff@example.com") -> User:
    user = make_user(email, is_staff=True)
    codenames = [permission.split(".")[1] for permission in OrderPermission]
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return user


def make_product(
    name: str | None = None, *, price: str = "20.00", stock: int = 100, variants: int = 1, **fields: Any
) -> Product:
    number = next(_numbers)
    name = name or f"Product {number}"
    fields.setdefault("vendor", Vendor.objects.get_or_create(name="Maker", slug="maker")[0])
    fields.setdefault("category", Category.objects.get_or_create(name="Things", slug="things")[0])
    fields.setdefault("status", ProductStatus.ACTIVE)
    product = Product.objects.create(
        name=name,
        slug=f"product-{number}",
        currency="EUR",
        price_min=Decimal(price),
        price_max=Decimal(price),
        **fields,
    )
    for position in range(variants):
        variant = ProductVariant.objects.create(
            product=product,
            sku=f"SKU-{number}-{position}",
            name=f"Variant {position}",
            price_amount=Decimal(price),
            currency="EUR",
            position=position,
            options=[{"name": "Size", "value": str(position)}],
        )
        StockLevel.objects.create(variant=variant, on_hand=stock)
    ProductImage.objects.create(product=product, source_url=f"https://images.example/{number}.webp", alt=name)
    return product


def make_variant(**fields: Any) -> ProductVariant:
    return make_product(**fields).variants.get()


@pytest.fixture
def shipping(db) -> ShippingMethod:
    return ShippingMethod.objects.create(name="Standard", currency="EUR", price_amount=Decimal("4.90"))


@pytest.fixture
def policy(db) -> ApprovalPolicy:
    group, _ = Group.objects.get_or_create(name="Approvers")
    return ApprovalPolicy.objects.create(
        name="Large orders", group=group, currency="EUR", threshold_amount=Decimal("500.00")
    )


@pytest.fixture
def customer(db) -> User:
    return make_user("customer@example.com", full_name="Cleo Customer")


@pytest.fixture
def staff(db) -> User:
    return make_staff()


@pytest.fixture
def approver(policy) -> User:
    return make_user("approver@example.com", roles=("Approvers",))


@pytest.fixture
def guest(db) -> Api:
    return Api()
