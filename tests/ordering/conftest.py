"""What the tests of ordering share."""

import pytest

from tests.ordering import stripe_server
from tests.ordering.bank import Bank


@pytest.fixture
def bank(settings):
    """The gateway `bank`, beside the sandbox."""
    Bank.open()
    settings.PAYMENT_GATEWAYS = {**settings.PAYMENT_GATEWAYS, "bank": "tests.ordering.bank.Bank"}
    return Bank


@pytest.fixture(scope="session")
def _stripe_server():
    server = stripe_server.StripeServer()
    try:
        server.wait()
        yield server
    except RuntimeError as reason:
        pytest.skip(f"Stripe's stand-in cannot start: {reason}")
    finally:
        server.stop()


@pytest.fixture
def stripe(_stripe_server, settings):
    """The gateway `stripe`, beside the sandbox, and its stand-in with empty books."""
    _stripe_server.forget()
    settings.STRIPE_SECRET_KEY = stripe_server.KEY
    settings.STRIPE_WEBHOOK_SECRET = stripe_server.WEBHOOK_SECRET
    settings.STRIPE_API_BASE = _stripe_server.url
    settings.PAYMENT_GATEWAYS = {**settings.PAYMENT_GATEWAYS, "stripe": "ordering.gateways.stripe.Stripe"}
    return _stripe_server
