"""Orders and carts, live: each reads the table as the person who follows, whenever its bell rings."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from uuid import UUID

import strawberry
from channels.db import database_sync_to_async
from strawberry import relay

from notifications import live
from notifications.models import Event, history_of, topic_of
from ordering import models
from ordering.graphql import types
from schema import kit

PAGE = 100


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="The order as it is now, then again as it is after its `status` or `paymentStatus` changed."
    )
    async def order_status_changed(
        self, info: kit.Info, id: relay.GlobalID, guest_token: str | None = None
    ) -> AsyncGenerator[types.Order, None]:
        key = kit.pk(id, types.Order)
        shown = None
        async with aclosing(live.follow(topic_of("order", key))) as bells:
            async for _ in bells:
                order = await _order(info, key, guest_token)
                if (order.status, order.payment_status) != shown:
                    shown = (order.status, order.payment_status)
                    yield order

    @strawberry.subscription(
        description="""Every event of the order after `after`: first from the log, then live; each once, in order.

Keep the `seq` of the last one you got. After a lost connection subscribe again with `after: <that seq>`:
nothing is missing and nothing comes twice.

```graphql
subscription { orderEvents(orderId: "…", after: 0) { seq type message occurredAt } }
```"""
    )
    async def order_events(
        self, info: kit.Info, order_id: relay.GlobalID, after: int = 0, guest_token: str | None = None
    ) -> AsyncGenerator[types.OrderEvent, None]:
        key = kit.pk(order_id, types.Order)
        async with aclosing(live.follow(topic_of("order", key))) as bells:
            async for _ in bells:
                while events := await _events(info, key, guest_token, after):
                    for event in events:
                        after = event.seq
                        yield event

    @strawberry.subscription(
        description="""Every event of the cart after `after`: first from the log, then live; each once, in order.

`cart.reservation_expiring` comes two minutes before what `checkoutStart` holds goes back, `cart.reservation_expired`
when it has. It ends with NOT_FOUND when the cart is not there any more. Resume as with `orderEvents`.

```graphql
subscription { cartEvents(cartId: "…", after: 0) { seq type message payload } }
```"""
    )
    async def cart_events(
        self, info: kit.Info, cart_id: relay.GlobalID, after: int = 0
    ) -> AsyncGenerator[types.CartEvent, None]:
        key = kit.pk(cart_id, types.Cart)
        async with aclosing(live.follow(topic_of("cart", key))) as bells:
            async for _ in bells:
                while events := await _cart_events(info, key, after):
                    for event in events:
                        after = event.seq
                        yield types.CartEvent.of(event)


def _read_order(info: kit.Info, key: UUID, guest_token: str | None) -> models.Order:
    viewer = info.context.fresh_viewer()
    order = models.Order.objects.visible_to(viewer, guest_token).filter(pk=key).first()
    if order is None:
        raise kit.not_found("Order")
    return order


def _read_events(info: kit.Info, key: UUID, guest_token: str | None, after: int) -> list[Event]:
    order = _read_order(info, key, guest_token)
    return list(order.events.filter(seq__gt=after).order_by("seq")[:PAGE])


def _read_cart_events(info: kit.Info, key: UUID, after: int) -> list[Event]:
    viewer = info.context.fresh_viewer()
    cart = models.Cart.objects.visible_to(viewer).filter(pk=key).first()
    if cart is None:
        raise kit.not_found("Cart")
    return list(history_of(cart).filter(seq__gt=after).order_by("seq")[:PAGE])


_order = database_sync_to_async(_read_order, thread_sensitive=False)
_events = database_sync_to_async(_read_events, thread_sensitive=False)
_cart_events = database_sync_to_async(_read_cart_events, thread_sensitive=False)
