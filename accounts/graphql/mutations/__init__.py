"""Every mutation about people."""

import strawberry

from accounts.graphql.mutations import privacy, registering, sessions


@strawberry.type
class Mutation(privacy.Mutation, registering.Mutation, sessions.Mutation):
    pass
