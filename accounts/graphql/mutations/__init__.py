"""Every mutation about people."""

import strawberry

from accounts.graphql.mutations import addresses, privacy, profile, registering, sessions, staff


@strawberry.type
class Mutation(
    addresses.Mutation,
    privacy.Mutation,
    profile.Mutation,
    registering.Mutation,
    sessions.Mutation,
    staff.Mutation,
):
    pass
