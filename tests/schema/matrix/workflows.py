"""Of approvals and notifications."""

from tests.schema.matrix.personas import NOT_FOUND, OK, UNAUTHENTICATED, Rows, of_id, row, signed_in

ROWS: Rows = {
    "approvalRequests": ("{ approvalRequests { edges { node { summary } } } }", "", signed_in()),
    "approvalRequestApprove": (
        of_id("approvalRequestApprove"),
        "id=approval_request",
        row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner="OWN_REQUEST", approver=OK),
    ),
    "approvalRequestReject": (
        of_id("approvalRequestReject", ', reason: "x"'),
        "id=approval_request",
        row(NOT_FOUND, anonymous=UNAUTHENTICATED, owner="OWN_REQUEST", approver=OK),
    ),
    "notifications": ("{ notifications { edges { node { title } } } }", "", signed_in()),
    "notificationsMarkRead": ("mutation { notificationsMarkRead { markedCount } }", "", signed_in()),
}
