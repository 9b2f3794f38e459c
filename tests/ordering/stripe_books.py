"""The stand-in for Stripe itself: localstripe, run as `stripe_books.py <port>`.

What Stripe documents, the shop relies on and localstripe 1.15 lacks is added here, and nothing else: intents are found
by their metadata, take `return_url` (and then send the buyer to a page of the bank) and `allowed_payment_method_types`,
and say what was received; what 3-D Secure or a hold came to is told. `Idempotency-Key` stays ignored, as localstripe
has it: a shop that relied on it alone would charge twice here.
"""

import sys

from aiohttp import web
from localstripe import resources, server, webhooks
from localstripe.resources import Charge, Event, PaymentIntent

_create, _authenticate = PaymentIntent._api_create.__func__, PaymentIntent._api_authenticate.__func__
_confirm = PaymentIntent._confirm


def create(cls, return_url=None, allowed_payment_method_types=None, **data):
    intent = _create(cls, payment_method_types=allowed_payment_method_types, **data)
    if intent.next_action and return_url:
        page = {"url": f"https://bank.example/3ds/{intent.id}", "return_url": return_url}
        intent.next_action = {"type": "redirect_to_url", "redirect_to_url": page}
    return intent


def confirm(intent, on_failure_now):
    _confirm(intent, on_failure_now)
    _tell(intent)


def authenticate(id, **data):
    intent = _authenticate(PaymentIntent, id, **data)
    _tell(intent)
    return intent


def _tell(intent):
    if intent.status == "requires_capture":
        webhooks.schedule_webhook(Event("payment_intent.amount_capturable_updated", intent))
    elif intent._authentication_failed:
        webhooks.schedule_webhook(Event("payment_intent.payment_failed", intent))


def search(query, limit=None):
    """Of `metadata['payment']:'<id>'`."""
    wanted = query.split("'")[3]
    intents = [row for row in resources.store.values() if isinstance(row, PaymentIntent)]
    found = resources.List("/v1/payment_intents/search", limit=limit)
    found._list = [intent for intent in intents if intent.metadata.get("payment") == wanted]
    return found


def amount_received(intent):
    charge = intent.latest_charge
    return charge.amount if charge and charge.captured and charge.status == "succeeded" else 0


def application():
    PaymentIntent._api_create = classmethod(create)
    PaymentIntent._confirm = confirm
    PaymentIntent.amount_received = property(amount_received)
    Charge.amount_captured = property(lambda charge: charge.amount if charge.captured else 0)
    # It would keep its books in a file that every process on this machine shares.
    resources.Store.dump_to_disk = lambda store: None
    app = web.Application(middlewares=[server.error_middleware, server.auth_middleware])
    # The first route that fits answers.
    app.router.add_get("/v1/payment_intents/search", server.api_extra(search, ""))
    app.router.add_post("/v1/payment_intents/{id}/_authenticate", server.api_extra(authenticate, ""))
    for route in server.app.router.routes():
        if route.method != "HEAD":
            app.router.add_route(route.method, route.resource.canonical, route.handler)
    return app


if __name__ == "__main__":
    web.run_app(application(), host="127.0.0.1", port=int(sys.argv[1]), print=None)
