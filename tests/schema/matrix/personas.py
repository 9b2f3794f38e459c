"""Who asks, and who gets which answer."""

from accounts.permissions import Role

OK = "OK"
UNAUTHENTICATED = "UNAUTHENTICATED"
FORBIDDEN = "FORBIDDEN"
NOT_FOUND = "NOT_FOUND"

# Who asks: nobody, whose things they are, somebody else, a member of the group that approves, and each role.
PERSONAS = ["anonymous", "owner", "other", "approver", *(role.value for role in Role)]
ORDER_DESK = (Role.SUPPORT, Role.SUPPLY_CHAIN, Role.ADMINISTRATOR)
PROMOTION_DESK = (Role.MERCHANDISER, Role.ADMINISTRATOR)
PEOPLE_DESK = (Role.SUPPORT, Role.ADMINISTRATOR)


def row(default: str, **others: str) -> dict[str, str]:
    return {persona: others.get(persona, default) for persona in PERSONAS}


def everybody(code: str = OK) -> dict[str, str]:
    return row(code)


def signed_in(code: str = OK) -> dict[str, str]:
    return row(code, anonymous=UNAUTHENTICATED)


def holders(*roles: Role, code: str = OK) -> dict[str, str]:
    """Only these roles; the door refuses everybody else."""
    return row(FORBIDDEN, anonymous=UNAUTHENTICATED) | {role.value: code for role in roles}


def owner_only(anonymous: str = UNAUTHENTICATED) -> dict[str, str]:
    return row(NOT_FOUND, anonymous=anonymous, owner=OK)


def owner_and(*roles: Role) -> dict[str, str]:
    """Whose it is, and these roles; for everybody else it is not there."""
    return row(NOT_FOUND, owner=OK) | {role.value: OK for role in roles}


# field: (the request, the variables it needs by name in `world`, who gets which answer)
Rows = dict[str, tuple[str, str, dict[str, str]]]


def keepers(*others: Role) -> dict[str, str]:
    """The seller whose vendor has the product, those who keep all products, and these; for others it is not there."""
    kept = {role.value: OK for role in (Role.SELLER, Role.MERCHANDISER, Role.ADMINISTRATOR, *others)}
    return row(NOT_FOUND, anonymous=UNAUTHENTICATED) | kept


def errors(name: str, arguments: str, variables: str) -> str:
    return f"mutation({variables}) {{ {name}({arguments}) {{ userErrors {{ code }} }} }}"


def of_id(name: str, more: str = "") -> str:
    return errors(name, f"id: $id{more}", "$id: ID!")
