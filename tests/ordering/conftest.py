"""What the tests of ordering share."""

import pytest

from tests.ordering.bank import Bank


@pytest.fixture
def bank(settings):
    """The gateway `bank`, beside the sandbox."""
    Bank.open()
    settings.PAYMENT_GATEWAYS = {**settings.PAYMENT_GATEWAYS, "bank": "tests.ordering.bank.Bank"}
    return Bank
