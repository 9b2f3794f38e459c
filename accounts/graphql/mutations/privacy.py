"""A copy of all that is held on oneself, and the end of one's account."""

import strawberry

from accounts.graphql import cookies, types
from accounts.services import privacy
from schema import kit


@strawberry.type
class AccountDataExportPayload:
    data_export: types.DataExport | None = None
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class AccountErasePayload:
    is_erased: bool = strawberry.field(default=False, description="Every session has ended, this one included.")
    user_errors: list[types.AccountUserError] = strawberry.field(default_factory=list)


@strawberry.type
class Mutation:
    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Has a copy of everything held on you put together, as JSON.

Its owner is told in the inbox and by e-mail when it is ready; then `me.dataExport.url` leads to it. EXPORT_IN_PROGRESS
while the last one is being made; RATE_LIMITED after a few a day.""",
    )
    def account_data_export(self, info: kit.Info) -> AccountDataExportPayload | None:
        return AccountDataExportPayload(data_export=privacy.request_export(actor=kit.signed_in(info)))

    @strawberry.mutation(
        extensions=[types.refusals],
        directives=[kit.SignedIn()],
        description="""Erases your account for good. Nothing brings it back; the e-mail address may be registered anew.

Name, e-mail address, address book and sessions are gone at once. Orders stay, without name, street, telephone number
and e-mail address, because the shop must account for them. Orders placed without signing in belong to no account and
stay as they are, also those with the same e-mail address. ACCOUNT_IN_USE while an order is under way.""",
    )
    def account_erase(self, info: kit.Info, password: str) -> AccountErasePayload | None:
        privacy.erase(actor=kit.signed_in(info), password=password)
        cookies.clear(info.context.response)
        info.context.forget_viewer()
        return AccountErasePayload(is_erased=True)
