"""A gateway that keeps a ledger of what it did, thinks for as long as a test likes, and can kill who asks."""

import os
import signal
import time
from pathlib import Path

from moneyed import Money

from ordering.gateways import Answer
from ordering.gateways.sandbox import Sandbox

LEDGER = Path(os.environ["GATEWAY_LEDGER"])
HOLD = LEDGER.with_suffix(".hold")
DIE = LEDGER.with_suffix(".die")


class SlowGateway(Sandbox):
    """The sandbox's answers. While the file HOLD exists, what is asked is done, but its answer does not arrive.

    The file DIE names a moment such as "before authorize" or "after capture": the process that comes there first is
    killed.
    """

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        _do(key)
        return super().authorize(key=key, token=token, amount=amount)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        _do(key)
        return super().capture(key=key, reference=reference, amount=amount)


def _do(key: str) -> None:
    verb = key.rsplit(":", 1)[1]
    _die(f"before {verb}")
    with LEDGER.open("a") as ledger:
        ledger.write(f"{key}\n")
    while HOLD.exists():
        time.sleep(0.05)
    _die(f"after {verb}")


def _die(moment: str) -> None:
    if DIE.exists() and DIE.read_text() == moment:
        DIE.unlink()
        os.kill(os.getpid(), signal.SIGKILL)
