"""Which policies an order falls under, and why."""

from dataclasses import dataclass

from catalog import money
from ordering.models import Order
from workflows.models import ApprovalPolicy


@dataclass(frozen=True)
class Match:
    policy: ApprovalPolicy
    reason: str


def matching(order: Order) -> list[Match]:
    """The active policies whose threshold the order's total is over, in its own currency. One statement."""
    policies = ApprovalPolicy.objects.filter(
        is_active=True, currency=order.currency, threshold_amount__lt=order.total_amount
    ).order_by("pk")
    return [
        Match(
            policy,
            f"Order {order.number} of {order.total.amount} {order.currency} is over "
            f"{money.rounded(policy.threshold_amount, policy.currency).amount} {policy.currency}",
        )
        for policy in policies
    ]
