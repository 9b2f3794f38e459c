"""A gateway that keeps a ledger of what it did, and can be made to think for as long as a test likes."""

import os
import time
from pathlib import Path

from moneyed import Money

from ordering.gateways import Answer
from ordering.gateways.sandbox import Sandbox

LEDGER = Path(os.environ["GATEWAY_LEDGER"])
HOLD = LEDGER.with_suffix(".hold")


class SlowGateway(Sandbox):
    """The sandbox's answers. While the file HOLD exists, what is asked is done, but its answer does not arrive."""

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        _do(key)
        return super().authorize(key=key, token=token, amount=amount)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        _do(key)
        return super().capture(key=key, reference=reference, amount=amount)


def _do(key: str) -> None:
    with LEDGER.open("a") as ledger:
        ledger.write(f"{key}\n")
    while HOLD.exists():
        time.sleep(0.05)
