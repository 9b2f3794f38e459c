"""Who may do what: every field of the API, with the answer each persona gets."""

from tests.schema.matrix import accounts, catalog, live, ordering, workflows
from tests.schema.matrix.personas import Rows

MATRIX: Rows = {**accounts.ROWS, **catalog.ROWS, **ordering.ROWS, **workflows.ROWS, **live.ROWS}
