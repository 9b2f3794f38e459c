"""The roles of the shop, and what they may do with people."""

from enum import StrEnum


class AccountPermission(StrEnum):
    VIEW_USERS = "accounts.view_user"
    MANAGE_USERS = "accounts.manage_users"
    SET_ROLES = "accounts.set_roles"


class Role(StrEnum):
    """Each is a group. What it may do is said in the `ROLES` of every app's `permissions`, and kept so by `migrate`."""

    CUSTOMER = "Customer"
    SELLER = "Seller"
    SUPPORT = "Support"
    MERCHANDISER = "Merchandiser"
    SUPPLY_CHAIN = "Supply chain"
    RND_MANAGER = "R&D manager"
    ADMINISTRATOR = "Administrator"


# Who works for the shop: may open the admin.
STAFF_ROLES = frozenset({Role.SUPPORT, Role.MERCHANDISER, Role.SUPPLY_CHAIN, Role.RND_MANAGER, Role.ADMINISTRATOR})

# An administrator holds every permission there is.
ROLES: dict[Role, list[str]] = {
    Role.SUPPORT: [
        AccountPermission.VIEW_USERS,
        AccountPermission.MANAGE_USERS,
        # Pages of the admin.
        *("accounts.view_address", "accounts.view_session"),
        *("notifications.view_event", "notifications.view_notification"),
    ],
}
