"""Every mutation about people."""

import strawberry

from accounts.graphql.mutations import privacy, profile, registering, sessions, staff


@strawberry.type
class Mutation(privacy.Mutation, profile.Mutation, registering.Mutation, sessions.Mutation, staff.Mutation):
    pass
