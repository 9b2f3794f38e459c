"""The environment decides, and what it forgets to say is refused or safe."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

REAL = {
    "SECRET_KEY": "x" * 50,
    "DATABASE_URL": "sqlite://",
    "EMAIL_URL": "consolemail://",
    "SHOP_URL": "https://shop.example.com",
}
SETTINGS = settings.BASE_DIR / "config" / "settings.py"


def printed(expression: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A setting, as a process sees it that knows nothing but this environment."""
    command = [sys.executable, "manage.py", "shell", "-c", f"from django.conf import settings; print({expression})"]
    given = {"PATH": os.environ["PATH"], "DEBUG": "0", **environment}
    return subprocess.run(command, cwd=settings.BASE_DIR, env=given, capture_output=True, text=True, check=False)


def test_every_variable_is_named_in_the_example():
    read = set(re.findall(r'env(?:\.\w+)?\("([A-Z_]+)"', SETTINGS.read_text()))
    named = set(re.findall(r"^# ([A-Z_]+)=", (settings.BASE_DIR / ".env.example").read_text(), re.MULTILINE))

    assert read == named


def test_without_a_secret_key_nothing_starts_and_a_sentence_says_why():
    process = printed("settings.DEBUG")

    assert process.returncode == 1
    assert "SECRET_KEY is not set. Set it to a long random string" in process.stderr


@pytest.mark.parametrize("forgotten", ["DATABASE_URL", "EMAIL_URL", "SHOP_URL"])
def test_a_real_shop_says_where_its_data_mail_and_customers_go(forgotten):
    process = printed("settings.DEBUG", **{name: value for name, value in REAL.items() if name != forgotten})

    assert process.returncode == 1
    assert f"Set the {forgotten} environment variable" in process.stderr


def test_a_real_shop_offers_the_sandbox_only_when_it_is_told_to():
    real = printed("settings.DEBUG, settings.PAYMENT_GATEWAYS", **REAL)
    trial = printed("settings.DEBUG, settings.PAYMENT_GATEWAYS", **REAL, SANDBOX_PAYMENTS="1")

    assert real.stdout.strip().endswith("False {}")
    assert trial.stdout.strip().endswith("False {'sandbox': 'ordering.gateways.sandbox.Sandbox'}")


def test_cards_are_offered_where_stripes_keys_are_and_its_webhooks_can_be_believed():
    keys = {"STRIPE_SECRET_KEY": "sk_live_1", "STRIPE_WEBHOOK_SECRET": "whsec_1"}

    with_keys = printed("settings.PAYMENT_GATEWAYS, settings.STRIPE_API_BASE", **REAL, **keys)
    unsigned = printed("settings.PAYMENT_GATEWAYS", **REAL, STRIPE_SECRET_KEY="sk_live_1")

    assert with_keys.stdout.strip().endswith("{'stripe': 'ordering.gateways.stripe.Stripe'} https://api.stripe.com")
    assert unsigned.returncode == 1
    assert "Set the STRIPE_WEBHOOK_SECRET environment variable" in unsigned.stderr


def test_shops_on_one_redis_share_neither_cache_nor_channels_nor_queue():
    shown = (
        "[settings.CACHES['default']['KEY_PREFIX'], settings.CHANNEL_LAYERS['default']['CONFIG']['prefix'], "
        "settings.CELERY_TASK_DEFAULT_QUEUE]"
    )
    redis = {"REDIS_URL": "redis://127.0.0.1:6379/0", "DEBUG": "1"}

    assert printed(shown, **redis).stdout.strip().endswith("['nexus', 'nexus', 'nexus']")
    assert printed(shown, **redis, REDIS_PREFIX="other").stdout.strip().endswith("['other', 'other', 'other']")


def test_pictures_are_served_as_pictures_on_a_machine_without_a_list_of_types():
    script = (
        "import mimetypes; mimetypes.knownfiles = []; import config.settings; print(mimetypes.guess_type('a.webp'))"
    )
    command = [sys.executable, "-c", script]
    env = {"PATH": os.environ["PATH"], "DEBUG": "1"}

    process = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, check=True)

    assert process.stdout == "('image/webp', None)\n"


@pytest.mark.parametrize(
    ("given", "public"),
    [
        ({}, (None, "https:")),
        ({"MEDIA_S3_PUBLIC_URL": "https://cdn.example.com"}, ("cdn.example.com", "https:")),
        ({"MEDIA_S3_PUBLIC_URL": "http://127.0.0.1:9000/media/"}, ("127.0.0.1:9000/media", "http:")),
    ],
    ids=["the bucket itself", "a host", "a folder"],
)
def test_pictures_are_read_where_the_environment_says(given, public):
    options = "settings.STORAGES['default']['OPTIONS']"
    process = printed(f"({options}['custom_domain'], {options}['url_protocol'])", **REAL, MEDIA_S3_BUCKET="b", **given)

    assert process.stdout.splitlines()[-1] == str(public)
