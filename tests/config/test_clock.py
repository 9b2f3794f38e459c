"""A shop without a broker has nobody to run beat: its server does, in a thread of its own."""

import json
import os
import socket
import subprocess
import sys
import time

import pytest
from django.conf import settings

from config import clock

pytestmark = pytest.mark.embedded

# A cart that held three pieces until a minute ago.
HELD = """
from datetime import timedelta
from decimal import Decimal
from django.utils import timezone
from catalog.models import Category, Product, ProductVariant, StockLevel, Vendor
from ordering.models import Cart, CartLine
product = Product.objects.create(
    name="Lamp", slug="lamp", currency="EUR", price_min=Decimal(1), price_max=Decimal(1), status="ACTIVE",
    vendor=Vendor.objects.create(name="Maker", slug="maker"),
    category=Category.objects.create(name="Things", slug="things"),
)
variant = ProductVariant.objects.create(product=product, sku="L", name="Red", price_amount=Decimal(1), currency="EUR")
StockLevel.objects.create(variant=variant, on_hand=5, reserved=3)
CartLine.objects.create(
    cart=Cart.objects.create(currency="EUR"), variant=variant, quantity=3, reserved=3,
    reserved_until=timezone.now() - timedelta(minutes=1),
)
"""
SHOWN = """
import json
from catalog.models import StockLevel
from notifications.models import Event

print(json.dumps([StockLevel.objects.get().reserved, list(Event.objects.values_list("type", flat=True))]))
"""


@pytest.fixture
def manage(tmp_path):
    """Runs a command of manage.py on a database of its own; gives what it printed."""
    env = {**os.environ, "DEBUG": "1", "DATABASE_URL": f"sqlite:///{tmp_path / 'shop.sqlite3'}"}

    def run(*arguments):
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.env = env
    return run


def test_the_server_does_what_is_due(manage):
    manage("migrate", "--verbosity", "0")
    manage("shell", "--verbosity", "0", "-c", HELD)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "config.server", "--bind", "127.0.0.1", "--port", str(port), "--verbosity", "0"]

    server = subprocess.Popen(command, cwd=settings.BASE_DIR, env=manage.env, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 90
        while (shown := json.loads(manage("shell", "--verbosity", "0", "-c", SHOWN)))[0]:
            assert time.monotonic() < end
            assert server.poll() is None
            time.sleep(1)
    finally:
        server.terminate()
        server.wait(20)

    assert shown == [0, ["cart.reservation_expired"]]


def test_with_a_broker_it_is_beat_that_does_it(settings):
    settings.CELERY_TASK_ALWAYS_EAGER = False

    assert clock.start() is False
