"""A seller, and a product of theirs that has no picture yet."""

import pytest

from tests.conftest import Api, make_product, make_user


@pytest.fixture
def seller(db):
    return make_user("seller@example.com", roles=("Seller",))


@pytest.fixture
def product(seller):
    product = make_product("Mug")
    product.vendor.members.add(seller)
    product.images.all().delete()
    return product


@pytest.fixture
def api(seller):
    return Api(seller)
