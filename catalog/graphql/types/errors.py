"""What catalogue mutations refuse."""

import strawberry

from catalog import errors
from schema import kit

CatalogErrorCode = strawberry.enum(errors.CatalogErrorCode, description="Why a catalogue mutation was refused.")


@strawberry.type
class CatalogUserError(kit.UserError):
    code: CatalogErrorCode


# Every catalogue mutation's: `extensions=[types.refusals]`.
refusals = kit.refusals(errors.CatalogError, CatalogUserError)
