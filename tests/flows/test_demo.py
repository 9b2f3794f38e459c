"""`load_demo`: a whole shop, once, and never by accident on a real one."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from catalog.models import Product, ProductImage, StockLevel
from workflows.models import ApprovalPolicy

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_demo_is_loaded_once_however_often_it_is_asked_for(settings):
    settings.DEBUG = True
    call_command("load_demo")
    sold = StockLevel.objects.filter(on_hand=10).first()
    StockLevel.objects.filter(pk=sold.pk).update(on_hand=7)
    counted = [model.objects.count() for model in (Product, ProductImage, User, ApprovalPolicy)]

    call_command("load_demo")

    assert [model.objects.count() for model in (Product, ProductImage, User, ApprovalPolicy)] == counted
    assert counted[2:] == [6, 1]
    assert StockLevel.objects.get(pk=sold.pk).on_hand == 7, "what was sold stays sold"
    assert User.objects.get(email="customer@example.com").check_password("demo-password")


def test_the_demo_refuses_a_real_shop_unless_forced(settings):
    settings.DEBUG = False

    with pytest.raises(CommandError, match="--force"):
        call_command("load_demo")

    assert not User.objects.exists()
    assert not Product.objects.exists()
