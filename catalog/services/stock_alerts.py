"""Hearing of what was sold out when it is back: asking for it, taking that back, and the answer."""

from collections.abc import Collection

from django.contrib.auth.models import AnonymousUser
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts import links, throttling
from accounts.errors import AccountError
from accounts.models import User, normalize_email
from accounts.services import checks
from catalog import events
from catalog.errors import CatalogError, CatalogErrorCode, not_found
from catalog.models import Product, ProductVariant, StockAlert
from catalog.services import access, stock
from notifications import outbox
from notifications.models import Event

# The page of the frontend that the link in the first e-mail leads to.
PAGE = "stock-alert"
# So many people are written to in one transaction.
BATCH = 100
# So many variants are looked at by one sweep.
SWEEP_BATCH = 500


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────────────────────────
def create(*, actor: User | AnonymousUser, variant_id: int, email: str | None = None) -> StockAlert | None:
    """Has an address written to once when a sold-out variant is back; the alert, if it is the actor's own.

    Who is signed in is written to at the address of the account unless another is given. Again changes nothing, and
    nothing tells whether an address had asked before. Refused: what is not on sale (NOT_FOUND), what can be bought
    now (IN_STOCK), what is no e-mail address; RateLimited who asks too often.
    """
    address = _checked(email, actor)
    throttling.STOCK_ALERT.count(address)
    with transaction.atomic():
        owner = _owner(actor, address)
        variant = _sold_out(variant_id)
        alert = _known(variant, address, owner)
        if alert is None:
            alert = StockAlert.objects.create(variant=variant, email=address, user=owner)
            created = events.StockAlertCreated(alert_id=str(alert.pk), name=stock.name_of(variant))
            # Who has an account finds it in the list of alerts; for everybody else there is the link in this e-mail.
            outbox.record(created, about=alert, actor=owner, emails=[] if owner else [address])
    return alert if owner else None


def _checked(email: str | None, actor: User | AnonymousUser) -> str:
    address = normalize_email(email) if email is not None else getattr(actor, "email", None)
    if address is None:
        raise CatalogError(
            CatalogErrorCode.REQUIRED, "Give the e-mail address to write to, or sign in.", field=["email"]
        )
    try:
        checks.check_email(address, field=["email"])
    except AccountError as refused:
        raise CatalogError(CatalogErrorCode.INVALID, str(refused.message), field=refused.field) from None
    return address


def _owner(actor: User | AnonymousUser, address: str) -> User | None:
    """The account the alert belongs to: of whoever asks for their own address."""
    if isinstance(actor, AnonymousUser):
        return None
    user = access.person(actor)
    return user if user.email == address else None


def _sold_out(variant_id: int) -> ProductVariant:
    """The variant, with its stock locked: whoever adds to it finds the alert, or has been here before."""
    on_sale = ProductVariant.objects.filter(is_active=True, product__in=Product.objects.on_sale())
    variant = on_sale.select_related("product").filter(pk=variant_id).first()
    if variant is None:
        raise CatalogError(
            CatalogErrorCode.NOT_FOUND, "There is no such variant on sale. Load the product again.", field=["variantId"]
        )
    if stock.held(variant.pk).available:
        raise CatalogError(
            CatalogErrorCode.IN_STOCK, "This can be bought now: put it into the cart.", field=["variantId"]
        )
    return variant


def _known(variant: ProductVariant, address: str, owner: User | None) -> StockAlert | None:
    """The alert there is already. What somebody asked for before they signed in is replaced by one of their own."""
    alerts = StockAlert.objects.filter(variant=variant)
    mine = alerts.filter(user=owner).first() if owner else None
    known = mine or alerts.filter(email=address).first()
    if known is not None and owner is not None and known.user_id != owner.pk:
        _forget([known.pk])
        return None
    return known


# ── Taking it back ───────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def delete(*, actor: User, alert_id: int) -> StockAlert:
    """Takes one's own alert back and returns it as it was."""
    alert = StockAlert.objects.filter(pk=alert_id, user=actor).first()
    if alert is None:
        raise not_found("stock alert")
    _forget([alert.pk])
    return alert


@transaction.atomic
def delete_by_link(*, token: str) -> None:
    """Takes the alert of the link in an e-mail back. Of one that is gone already, changes nothing; LINK_INVALID for
    what no e-mail brought."""
    throttling.OPEN_LINK.count(token)
    key = links.key_in(PAGE, token)
    if key is None:
        raise CatalogError(
            CatalogErrorCode.LINK_INVALID,
            "The link is not complete. Copy it from the e-mail as a whole.",
            field=["token"],
        )
    _forget([int(key)])


def _forget(alert_ids: Collection[int]) -> None:
    """Deletes alerts with all that is known of them, also where the alert itself is gone. They are locked first, then
    their events: a delivery under way is waited for, so that nothing comes to be that names them."""
    list(StockAlert.objects.select_for_update().filter(pk__in=alert_ids).order_by("pk").values_list("pk"))
    about = Event.objects.filter(
        subject_type=ContentType.objects.get_for_model(StockAlert), subject_id__in=[str(key) for key in alert_ids]
    )
    event_ids = list(about.select_for_update().order_by("pk").values_list("pk", flat=True))
    Event.objects.filter(pk__in=event_ids).delete()
    StockAlert.objects.filter(pk__in=alert_ids).delete()


# ── The answer ───────────────────────────────────────────────────────────────────────────────────────────────────────
def answer(*, variant_id: int) -> int:
    """Tells all who wait for a variant that can be bought; returns how many. Each is told once, however often this
    runs. Where it is sold out again meanwhile, the rest go on waiting."""
    count = 0
    while told := _answer_some(variant_id):
        count += told
    return count


def answer_open() -> int:
    """Tells those whom no news reached, or whose variant came on sale again with its stock. Returns how many."""
    waited_for = _buyable().filter(pk__in=StockAlert.objects.values("variant"))
    variant_ids = list(waited_for.order_by("pk").values_list("pk", flat=True)[:SWEEP_BATCH])
    return sum(answer(variant_id=variant_id) for variant_id in variant_ids)


@transaction.atomic
def _answer_some(variant_id: int) -> int:
    variant = _buyable().filter(pk=variant_id).select_related("product").first()
    if variant is None:
        return 0
    waiting = StockAlert.objects.select_for_update(of=("self",)).filter(variant=variant).select_related("user")
    alerts = list(waiting.order_by("pk")[:BATCH])
    news = events.StockAlertAnswered(name=stock.name_of(variant), sku=variant.sku)
    for alert in alerts:
        if alert.user is None:
            outbox.record(news, about=alert, emails=[alert.email])
        elif alert.user.is_active:  # at the address it has now
            outbox.record(news, about=alert, users=[alert.user.pk], emails=[alert.user.email])
    StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).delete()
    return len(alerts)


def _buyable() -> QuerySet[ProductVariant]:
    return ProductVariant.objects.available().filter(product__in=Product.objects.on_sale())


# ── Forgetting ───────────────────────────────────────────────────────────────────────────────────────────────────────
@transaction.atomic
def forget(*, user: User) -> None:
    """Deletes what somebody ever waited for, and what they were told. Again changes nothing."""
    open_ids = StockAlert.objects.filter(user=user).order_by("pk").values_list("pk", flat=True)
    asked = Event.objects.filter(actor=user, type=events.StockAlertCreated.type).order_by("pk")
    _forget([*{*open_ids, *map(int, asked.values_list("subject_id", flat=True))}])


def remembered() -> Q:
    """Of a user, for a filter: whether anything is known that `forget` would delete."""
    asked = Event.objects.filter(actor=OuterRef("pk"), type=events.StockAlertCreated.type)
    return Exists(StockAlert.objects.filter(user=OuterRef("pk"))) | Exists(asked)
