"""Of people."""

from accounts.permissions import Role
from tests.conftest import PASSWORD
from tests.schema.matrix.personas import PEOPLE_DESK, Rows, errors, everybody, holders, of_id, owner_only, signed_in

ROWS: Rows = {
    "me": ("{ me { email } }", "", everybody()),
    "users": ("{ users { edges { node { email } } } }", "", holders(*PEOPLE_DESK)),
    "user": ("query($id: ID!) { user(id: $id) { email } }", "id=user", holders(*PEOPLE_DESK)),
    "roles": ("{ roles { name } }", "", holders(*PEOPLE_DESK)),
    "accountRegister": (
        f'mutation {{ accountRegister(input: {{email: "new@example.com", password: "{PASSWORD}"}})'
        " { userErrors { code } } }",
        "",
        everybody(),
    ),
    "accountVerifyEmail": (
        'mutation { accountVerifyEmail(token: "x") { userErrors { code } } }',
        "",
        everybody("LINK_INVALID"),
    ),
    "accountVerificationResend": (
        'mutation { accountVerificationResend(email: "new@example.com") { userErrors { code } } }',
        "",
        everybody(),
    ),
    "passwordResetRequest": (
        'mutation { passwordResetRequest(email: "new@example.com") { userErrors { code } } }',
        "",
        everybody(),
    ),
    "passwordReset": (
        f'mutation {{ passwordReset(token: "x", password: "{PASSWORD}") {{ userErrors {{ code }} }} }}',
        "",
        everybody("LINK_INVALID"),
    ),
    "passwordChange": (
        'mutation { passwordChange(oldPassword: "not it", newPassword: "x") { userErrors { code } } }',
        "",
        signed_in("PASSWORD_WRONG"),
    ),
    "emailChangeRequest": (
        'mutation { emailChangeRequest(newEmail: "new@example.com", password: "not it") { userErrors { code } } }',
        "",
        signed_in("PASSWORD_WRONG"),
    ),
    "emailChange": ('mutation { emailChange(token: "x") { userErrors { code } } }', "", everybody("LINK_INVALID")),
    "tokenCreate": (
        'mutation { tokenCreate(email: "nobody@example.com", password: "x") { userErrors { code } } }',
        "",
        everybody("INVALID_CREDENTIALS"),
    ),
    "tokenRefresh": (
        'mutation { tokenRefresh(refreshToken: "x") { userErrors { code } } }',
        "",
        everybody("REFRESH_TOKEN_INVALID"),
    ),
    "tokenVerify": ('mutation { tokenVerify(token: "x") { isValid } }', "", everybody()),
    "tokenRevoke": ('mutation { tokenRevoke(refreshToken: "x") { userErrors { code } } }', "", everybody()),
    "tokensRevokeAll": ("mutation { tokensRevokeAll { revokedCount } }", "", signed_in()),
    "sessionRevoke": (of_id("sessionRevoke"), "id=session", owner_only()),
    "accountUpdate": (
        'mutation { accountUpdate(input: {fullName: "New Name"}) { userErrors { code } } }',
        "",
        signed_in(),
    ),
    "addressCreate": (
        "mutation($address: AddressInput!) { addressCreate(input: $address) { userErrors { code } } }",
        "address=address_input",
        signed_in(),
    ),
    "addressUpdate": (
        errors("addressUpdate", 'id: $id, input: {city: "Potsdam"}', "$id: ID!"),
        "id=address",
        owner_only(),
    ),
    "addressDelete": (of_id("addressDelete"), "id=address", owner_only()),
    "addressSetDefault": (of_id("addressSetDefault", ", use: BILLING"), "id=address", owner_only()),
    "accountDataExport": ("mutation { accountDataExport { userErrors { code } } }", "", signed_in()),
    "accountErase": (
        'mutation { accountErase(password: "not it") { userErrors { code } } }',
        "",
        signed_in("PASSWORD_WRONG"),
    ),
    "userUpdate": (of_id("userUpdate", ', input: {fullName: "New Name"}'), "id=user", holders(*PEOPLE_DESK)),
    "userDeactivate": (of_id("userDeactivate", ', reason: "x"'), "id=user", holders(*PEOPLE_DESK)),
    "userReactivate": (of_id("userReactivate"), "id=inactive_user", holders(*PEOPLE_DESK)),
    "userRolesSet": (of_id("userRolesSet", ', roles: ["Customer"]'), "id=user", holders(Role.ADMINISTRATOR)),
}
