"""People, their roles and sessions. What is done here is done by services, so that it is recorded and nobody reaches
beyond themselves. Tokens, links and exports are not here: what they open is for their owners alone."""

from accounts.admin import groups, sessions, signing_in, users

__all__ = ["groups", "sessions", "signing_in", "users"]
