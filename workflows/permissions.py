"""What a role may look at in workflows. Who decides is said by the group of each request, not by a permission."""

from accounts.permissions import Role

# The pages of the admin.
_PAGES = ["workflows.view_approvalrequest", "workflows.view_approvaldecision", "workflows.view_approvalpolicy"]
ROLES: dict[Role, list[str]] = {Role.SUPPORT: _PAGES, Role.SUPPLY_CHAIN: _PAGES}
