"""The GraphQL vocabulary every app uses: nodes, connections, money, errors, permissions, filters, mutations."""

from schema.kit.context import (
    Context,
    Info,
    Needs,
    SignedIn,
    needs,
    note_replay,
    signed_in,
    signed_in_still,
    subscriber,
    viewer,
)
from schema.kit.errors import ApiError, ErrorCode, not_found
from schema.kit.filters import filter_input, filtered
from schema.kit.lists import MAX_PAGE, Connection, Ordering, ordered
from schema.kit.mutations import UserError, refusals
from schema.kit.nodes import Keyed, narrowed, only, pk, refuse_in_lists, row, seen, text
from schema.kit.values import UPLOAD, Money, Upload

__all__ = [
    "MAX_PAGE",
    "UPLOAD",
    "ApiError",
    "Connection",
    "Context",
    "ErrorCode",
    "Info",
    "Keyed",
    "Money",
    "Needs",
    "Ordering",
    "SignedIn",
    "Upload",
    "UserError",
    "filter_input",
    "filtered",
    "narrowed",
    "needs",
    "not_found",
    "note_replay",
    "only",
    "ordered",
    "pk",
    "refusals",
    "refuse_in_lists",
    "row",
    "seen",
    "signed_in",
    "signed_in_still",
    "subscriber",
    "text",
    "viewer",
]
