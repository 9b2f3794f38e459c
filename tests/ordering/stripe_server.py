"""A stand-in for Stripe in a process of its own, on a free port, and what a buyer's browser asks of it."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

BOOKS = Path(__file__).with_name("stripe_books.py")
KEY = "sk_test_localstripe"
WEBHOOK_SECRET = "whsec_of_the_tests"
CARDS = {
    "ok": "4242424242424242",
    "declined": "4000000000000341",
    "3ds": "4000002500003155",
    "3ds_declined": "4000008400001629",
}


class StripeServer:
    """The process, and what a buyer's browser and the owner's dashboard ask of Stripe."""

    def __init__(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([sys.executable, str(BOOKS), str(self.port)], stderr=subprocess.PIPE, text=True)

    def wait(self) -> None:
        """Until it answers; RuntimeError with the reason when it cannot."""
        for _ in range(200):
            if self.process.poll() is not None:
                raise RuntimeError(f"localstripe ended: {self.process.stderr and self.process.stderr.read()[-500:]}")
            try:
                self.get("/v1/balance")
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("localstripe does not answer.")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        if self.process.stderr:
            self.process.stderr.close()

    def get(self, path: str) -> Any:
        return self._ask(path)

    def post(self, path: str, data: dict[str, Any]) -> Any:
        return self._ask(path, data)

    def _ask(self, path: str, data: dict[str, Any] | None = None, method: str | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310
            self.url + path,
            None if data is None else json.dumps(data).encode(),
            {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read() or "null")

    def card(self, kind: str = "ok") -> str:
        """What Stripe.js gives for a card: a payment method's id."""
        card = {"number": CARDS[kind], "exp_month": 12, "exp_year": 2030, "cvc": "123"}
        return self.post("/v1/payment_methods", {"type": "card", "card": card})["id"]

    def authenticate(self, reference: str, client_secret: str, *, success: bool) -> None:
        """The buyer at the bank's own page. A card that is declined after it is an error to the browser alone."""
        try:
            self.post(
                f"/v1/payment_intents/{reference}/_authenticate", {"client_secret": client_secret, "success": success}
            )
        except urllib.error.HTTPError as declined:
            if declined.code != 402:
                raise

    def intents(self) -> list[dict[str, Any]]:
        return self.get("/v1/payment_intents?limit=100")["data"]

    def refunds(self) -> list[dict[str, Any]]:
        return self.get("/v1/refunds?limit=100")["data"]

    def send_webhooks_to(self, url: str) -> None:
        """From now on, a second after what they tell of."""
        self.post("/_config/webhooks/shop", {"url": url, "secret": WEBHOOK_SECRET})

    def forget(self) -> None:
        """Everything that happened."""
        self._ask("/_config/data", method="DELETE")
