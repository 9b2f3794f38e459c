"""A key does one thing, once: the same call again gives the first answer, any other call is refused."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from ordering import tasks
from ordering.errors import OrderError, OrderErrorCode
from ordering.models import IdempotencyKey
from ordering.services import once
from tests.conftest import make_user, make_variant

pytestmark = pytest.mark.django_db


def claim(actor=None, *, key="k", scope="order:1", operation="refund_create", **asked):
    with transaction.atomic():
        return once.claim(scope=scope, key=key, operation=operation, asked=asked, actor=actor)


def done(row, *args, **asked):
    claim(*args, **asked).keep(row)


def test_the_first_call_finds_nothing_and_the_second_its_answer(customer):
    row = make_variant()
    assert claim(customer, amount="1.00", lines=[1, 2]).answer == ""

    done(row, customer, amount="1.00", lines=[1, 2])

    assert claim(customer, lines=[1, 2], amount="1.00").answer == str(row.pk)
    assert IdempotencyKey.objects.count() == 1


@pytest.mark.parametrize("other", [{"amount": "1.01"}, {"operation": "return_create"}, {"amount": "1.00", "note": ""}])
def test_the_same_key_for_anything_else_is_refused(customer, other):
    done(make_variant(), customer, amount="1.00")

    with pytest.raises(OrderError) as refused:
        claim(customer, **({"amount": "1.00"} | other))

    assert (refused.value.code, refused.value.field) == ("IDEMPOTENCY_CONFLICT", ["idempotencyKey"])


def test_somebody_elses_key_is_a_conflict_and_gives_no_answer(customer):
    done(make_variant(), customer)

    for actor in (None, make_user()):
        with pytest.raises(OrderError) as refused:
            claim(actor)
        assert refused.value.code == "IDEMPOTENCY_CONFLICT"


def test_a_key_is_its_scopes(customer):
    done(make_variant(), customer)

    assert claim(customer, scope="order:2", amount="other").answer == ""


def test_what_was_refused_leaves_its_key_free(customer):
    @transaction.atomic
    def refused():
        claim(customer, amount="-1")
        raise OrderError(OrderErrorCode.AMOUNT_INVALID, "Give an amount above 0.")

    with pytest.raises(OrderError):
        refused()

    assert claim(customer, amount="1").answer == ""


def test_without_a_key_nothing_is_kept(customer):
    done(make_variant(), customer, key=None)

    assert claim(customer, key=None).answer == ""
    assert not IdempotencyKey.objects.exists()


@pytest.mark.parametrize("key", ["", "  ", "a\0b", "a\nb", "x" * 129])
def test_a_key_that_is_none_is_refused(customer, key):
    with pytest.raises(OrderError) as refused:
        claim(customer, key=key)

    assert (refused.value.code, refused.value.field) == ("REQUIRED", ["idempotencyKey"])
    assert not IdempotencyKey.objects.exists()


def test_old_keys_are_forgotten(customer):
    done(make_variant(), customer, key="old")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=91))
    done(make_variant(), customer, key="new")

    assert [tasks.forget_old_keys(), tasks.forget_old_keys()] == [1, 0]

    assert list(IdempotencyKey.objects.values_list("key", flat=True)) == ["new"]
