"""Asking gateways about many rows, one after another, so that neither a silent gateway nor an odd row holds up the
others."""

import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from django.utils import timezone

from ordering.gateways import GatewayError

logger = logging.getLogger(__name__)

# A gateway that gave no answer so often in one round is left alone until the next.
MAX_SILENCE = 5


class Round:
    """One round over rows of any gateways."""

    def __init__(self) -> None:
        self._began = timezone.now()
        self._silences: Counter[str] = Counter()

    def turn(self, gateway: str) -> datetime:
        """When a row of this gateway has its turn, by which the next round is to be ordered: now, or, where it will not
        be asked, before all that were. So they come first then, and a few odd rows do not keep others waiting."""
        return self._began if self._is_silent(gateway) else timezone.now()

    def is_done(self, ask: Callable[[], object], *, gateway: str, about: str) -> bool:
        """Asks, unless the gateway is silent, and says whether it went well. Nothing is raised: `about` is logged."""
        if self._is_silent(gateway):
            return False
        try:
            ask()
        except GatewayError:
            self._silences[gateway] += 1
            logger.warning("%s is left for the next round: %s does not answer.", about, gateway)
        except Exception:  # one that nobody can settle must not hold up the others
            logger.exception("%s is left for the next round.", about)
        else:
            return True
        return False

    def _is_silent(self, gateway: str) -> bool:
        return self._silences[gateway] >= MAX_SILENCE
