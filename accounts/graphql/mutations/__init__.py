"""Every mutation about people."""

import strawberry

from accounts.graphql.mutations import registering, sessions


@strawberry.type
class Mutation(registering.Mutation, sessions.Mutation):
    pass
