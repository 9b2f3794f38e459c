"""What happens to approval requests."""

from dataclasses import dataclass

# What of the payloads is free text about an order: it goes when its customer is erased.
PERSONAL = frozenset({"comment", "reason"})


@dataclass(frozen=True)
class ApprovalRequested:
    type = "approval_request.opened"
    number: str
    summary: str


@dataclass(frozen=True)
class ApprovalGranted:
    type = "approval_request.approved"
    number: str
    comment: str


@dataclass(frozen=True)
class ApprovalRefused:
    type = "approval_request.rejected"
    number: str
    reason: str


@dataclass(frozen=True)
class ApprovalWithdrawn:
    type = "approval_request.cancelled"
    number: str
