"""Cards by Stripe: a PaymentIntent for each payment, authorised at checkout and captured when its order is confirmed.

The token is the id of a payment method (`pm_…`) that Stripe.js made in the buyer's browser, so no card number ever
reaches the shop. https://docs.stripe.com/payments/place-a-hold-on-a-payment-method
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import stripe
from django.conf import settings
from moneyed import Money

from ordering.gateways import Answer, Choice, ForgedError, GatewayError, Kind, Message, Outcome, Stage, Standing

if TYPE_CHECKING:
    from stripe.params import PaymentIntentCreateParams

logger = logging.getLogger(__name__)

# Seconds to connect, and to wait for a byte: an issuer may think for a while.
TIMEOUT = (3.05, 15.0)
# How old a webhook's signature may be, in seconds.
TOLERANCE = 300
MAX_REASON = 200
DECLINED = "The card was declined. Try another card."
UNUSABLE = "This card cannot be used any more. Enter it again."
UNPAYABLE = "This amount cannot be paid by card. Choose another way to pay."

# https://docs.stripe.com/currencies: amounts are whole numbers of the smallest unit, by Stripe's own count, which is
# not everywhere that of ISO 4217. All that are not here have two decimals.
_WHOLE = ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
_OF_THREE = ["BHD", "JOD", "KWD", "OMR", "TND"]
_DECIMALS = {**dict.fromkeys(_WHOLE, 0), **dict.fromkeys(_OF_THREE, 3)}
# Card networks take three decimals with a last digit of 0 only; ISK and UGX are written with two, always 00.
_STEPS = {**dict.fromkeys(_OF_THREE, 10), "ISK": 100, "UGX": 100}

_STAGES = {
    "requires_capture": Stage.AUTHORIZED,
    "succeeded": Stage.CAPTURED,
    "canceled": Stage.ENDED,
}
# What is of interest among all that an account may be set to send.
_TOPICS = ("payment_intent.", "charge.", "refund.")
# Of what a message is about; the rest of it may be personal.
_TOLD = ("id", "object", "status", "amount", "amount_captured", "amount_received", "amount_refunded", "currency")


class _UnpayableError(Exception):
    """An amount that Stripe takes in no way."""


class Stripe:
    """The gateway `stripe`, with the keys in settings. Every call ends within some seconds."""

    def __init__(self) -> None:
        self.client = _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)

    @staticmethod
    def choices() -> tuple[Choice, ...]:
        return (Choice("Card", Kind.CARD),)

    def authorize(self, *, key: str, token: str, amount: Money) -> Answer:
        """Creates and confirms the payment's intent, or finds the one that this key made earlier.

        Stripe remembers a key for a day, and what it once created by its metadata for good (a minute later).
        """
        if not token.startswith("pm_"):
            return Answer(Outcome.DECLINED, reason=UNUSABLE)
        try:
            with _errors():
                intent = self._made_before(key) or self._create(key, token, amount)
                if intent.status == "requires_confirmation":
                    intent = self.client.v1.payment_intents.confirm(intent.id, options={"idempotency_key": f"{key}:go"})
        except _UnpayableError:
            return Answer(Outcome.DECLINED, reason=UNPAYABLE)
        except stripe.CardError as declined:
            return Answer(Outcome.DECLINED, reason=_for_the_buyer(declined))
        except stripe.InvalidRequestError as refused:
            logger.warning("Stripe refused a payment: %s", refused.code or refused.http_status)
            return Answer(Outcome.DECLINED, reason=UNUSABLE if _is_about_the_card(refused) else UNPAYABLE)
        return _authorized(intent)

    def capture(self, *, key: str, reference: str, amount: Money) -> Answer:
        """Collects what was authorised; an authorisation that expired is DECLINED."""
        try:
            with _errors():
                intent = self.client.v1.payment_intents.capture(
                    reference, {"amount_to_capture": in_units(amount)}, {"idempotency_key": key}
                )
        except stripe.CardError as declined:
            return Answer(Outcome.DECLINED, reason=_for_the_buyer(declined))
        except stripe.InvalidRequestError as refused:
            intent = self._known(reference)
            if intent.status == "requires_capture":
                raise GatewayError(refused.user_message or "Stripe refused the capture.") from refused
            if intent.status != "succeeded":  # or it was captured before
                return Answer(Outcome.DECLINED, reason="The authorisation has expired.")
        return Answer(Outcome.APPROVED, reference=reference, amount=_captured(intent))

    def void(self, *, key: str, reference: str) -> Answer:
        """Cancels what was authorised. What was captured nevertheless goes back to the buyer."""
        try:
            with _errors():
                self.client.v1.payment_intents.cancel(reference, options={"idempotency_key": key})
        except stripe.InvalidRequestError as refused:
            intent = self._known(reference)
            if intent.status == "succeeded":
                left = _captured(intent) - _refunded(intent)
                # A key is for one kind of request.
                return (
                    self.refund(key=f"{key}:refund", reference=reference, amount=left) if left else _approved(reference)
                )
            if intent.status != "canceled":
                raise GatewayError(refused.user_message or "Stripe refused to cancel it.") from refused
        return _approved(reference)

    def refund(self, *, key: str, reference: str, amount: Money) -> Answer:
        """Gives so much of what was captured back. The answer's reference is the refund's own."""
        try:
            with _errors():
                refund = self._refunded_before(key, reference) or self.client.v1.refunds.create(
                    {"payment_intent": reference, "amount": in_units(amount), "metadata": {"key": key}},
                    {"idempotency_key": key},
                )
        except _UnpayableError:
            return Answer(
                Outcome.DECLINED, reason=f"{amount.amount} {amount.currency} cannot be given back to a card: round it."
            )
        except (stripe.CardError, stripe.InvalidRequestError) as refused:
            return Answer(Outcome.DECLINED, reason=_short(refused.user_message or "Stripe refused the refund."))
        if refund.status in ("failed", "canceled"):
            return Answer(Outcome.DECLINED, reference=refund.id, reason="The card does not take the money back.")
        return _approved(refund.id)

    def standing(self, *, reference: str) -> Standing | None:
        try:
            intent = self._intent(reference)
        except stripe.InvalidRequestError:
            return None
        has_failed = intent.status == "requires_payment_method" and intent.last_payment_error is not None
        return Standing(
            stage=Stage.ENDED if has_failed else _STAGES.get(intent.status, Stage.OPEN),
            amount=from_units(intent.amount, intent.currency),
            captured=_captured(intent),
            refunded=_refunded(intent),
        )

    def message(self, *, body: bytes, headers: Mapping[str, str]) -> Message | None:
        try:
            event = stripe.Webhook.construct_event(
                body,
                headers.get("Stripe-Signature", ""),
                settings.STRIPE_WEBHOOK_SECRET,
                TOLERANCE,
                api_key=settings.STRIPE_SECRET_KEY,
            )
            return _told(event.to_dict()) if event.type.startswith(_TOPICS) else None
        except stripe.SignatureVerificationError as forged:
            raise ForgedError(str(forged)) from None
        # The SDK stumbles, or we do, over what nobody at Stripe wrote.
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as stumble:
            logger.warning("A webhook message of Stripe cannot be read: %r", stumble)
            raise ForgedError(type(stumble).__name__) from None

    def _create(self, key: str, token: str, amount: Money) -> stripe.PaymentIntent:
        params: PaymentIntentCreateParams = {
            "amount": in_units(amount),
            "currency": amount.currency.code.lower(),
            "capture_method": "manual",
            "confirm": True,
            "metadata": {"payment": _payment_of(key)},
            "payment_method": token,
            "allowed_payment_method_types": ["card"],
            # Where the bank's own page sends the buyer back to.
            "return_url": settings.FRONTEND_URL,
        }
        intent = self.client.v1.payment_intents.create(params, {"idempotency_key": key})
        # A key that is known is answered with what was true then.
        replayed = intent.last_response is not None and intent.last_response.headers.get("Idempotent-Replayed")
        return self._intent(intent.id) if replayed else intent

    def _made_before(self, key: str) -> stripe.PaymentIntent | None:
        query = f"metadata['payment']:'{_payment_of(key)}'"
        try:
            found = self.client.v1.payment_intents.search({"query": query, "limit": 1}).data
        except stripe.InvalidRequestError:  # there is no search in some countries; the key alone has to do
            return None
        # The index may be behind.
        return self._intent(found[0].id) if found else None

    def _refunded_before(self, key: str, reference: str) -> stripe.Refund | None:
        refunds = self.client.v1.refunds.list({"payment_intent": reference, "limit": 100})
        return next((made for made in refunds.auto_paging_iter() if _in(made.metadata, "key") == key), None)

    def _intent(self, reference: str) -> stripe.PaymentIntent:
        with _errors():
            return self.client.v1.payment_intents.retrieve(reference, {"expand": ["latest_charge"]})

    def _known(self, reference: str) -> stripe.PaymentIntent:
        """The intent of something that was authorised: one that Stripe does not have is nothing to decide by."""
        try:
            return self._intent(reference)
        except stripe.InvalidRequestError as unknown:
            raise GatewayError(f"Stripe does not know {reference}.") from unknown


@lru_cache(maxsize=8)
def _client(api_key: str, api_base: str) -> stripe.StripeClient:
    """One for each key, because each keeps its connections open. It asks once: who calls the gateway asks again."""
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": api_base},
        max_network_retries=0,
        http_client=stripe.RequestsClient(timeout=TIMEOUT),
    )


@contextmanager
def _errors() -> Iterator[None]:
    """What is decided passes (a card declined, a request refused); everything else is no answer."""
    try:
        yield
    except (stripe.CardError, stripe.InvalidRequestError):
        raise
    except stripe.StripeError as silent:
        # Without what Stripe says of it, which may name the key.
        raise GatewayError(f"Stripe gave no answer: {type(silent).__name__}") from None


def in_units(amount: Money) -> int:
    """The amount as Stripe counts it: 12.34 EUR is 1234, 5 JPY is 5, 5 ISK is 500, 5.120 KWD is 5120."""
    code = amount.currency.code
    units = amount.amount.scaleb(_DECIMALS.get(code, 2))
    if units % _STEPS.get(code, 1):
        raise _UnpayableError(str(amount))
    return int(units)


def from_units(units: int, currency: str) -> Money:
    """1234 of Stripe's eur is 12.34 EUR."""
    code = currency.upper()
    return Money(Decimal(units).scaleb(-_DECIMALS.get(code, 2)), code)


def _authorized(intent: stripe.PaymentIntent) -> Answer:
    asked = from_units(intent.amount, intent.currency)
    match intent.status:
        case "requires_capture" | "succeeded":
            return Answer(Outcome.APPROVED, reference=intent.id, amount=asked)
        case "requires_action":
            return Answer(Outcome.ACTION_REQUIRED, reference=intent.id, action=_action(intent), amount=asked)
        case "canceled" | "requires_payment_method":
            return Answer(Outcome.DECLINED, reference=intent.id, reason=DECLINED)
        case _:
            raise GatewayError(f"Stripe has not decided yet: {intent.status}")


def _action(intent: stripe.PaymentIntent) -> dict[str, str]:
    """For `stripe.handleNextAction`, and where to send a browser that has no Stripe.js."""
    redirect = _in(intent.next_action, "redirect_to_url")
    action = {"client_secret": intent.client_secret, "url": _in(redirect, "url")}
    return {name: value for name, value in action.items() if value}


def _in(part: Any, name: str) -> Any:
    """What an answer of Stripe's has under this name, if it has it at all."""
    return part[name] if part is not None and name in part else None


def _approved(reference: str) -> Answer:
    return Answer(Outcome.APPROVED, reference=reference)


def _payment_of(key: str) -> str:
    """The payment in "<payment>:authorize"."""
    return key.partition(":")[0]


def _captured(intent: stripe.PaymentIntent) -> Money:
    return from_units(intent.amount_received or 0, intent.currency)


def _refunded(intent: stripe.PaymentIntent) -> Money:
    charge = intent.latest_charge
    return from_units(charge.amount_refunded if isinstance(charge, stripe.Charge) else 0, intent.currency)


def _for_the_buyer(declined: stripe.CardError) -> str:
    """Of card errors Stripe's own sentence may be shown. https://docs.stripe.com/api/errors#errors-message"""
    return _short(declined.user_message or DECLINED)


def _short(text: str) -> str:
    return text[:MAX_REASON]


def _is_about_the_card(refused: stripe.InvalidRequestError) -> bool:
    return refused.param == "payment_method" or refused.http_status == 404


def _told(event: dict[str, Any]) -> Message:
    """A message about an intent itself, or about a charge, refund or dispute of one."""
    about = cast("dict[str, Any]", (event.get("data") or {}).get("object") or {})
    is_intent = about.get("object") == "payment_intent"
    return Message(
        id=str(event["id"]),
        type=str(event["type"]),
        reference=str((about.get("id") if is_intent else about.get("payment_intent")) or ""),
        key=str((about.get("metadata") or {}).get("payment") or ""),
        body={
            "created": event.get("created"),
            "is_disputed": event["type"] == "charge.dispute.created",
            **{name: about[name] for name in _TOLD if name in about},
        },
    )
