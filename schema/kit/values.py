"""Values of the API's own: money and files."""

from decimal import Decimal
from typing import Any, NewType, Self

import strawberry
from django.core.files.uploadedfile import UploadedFile
from graphql import GraphQLError
from moneyed import Money as MoneyAmount


@strawberry.type
class Money:
    """An amount in a currency. `amount` is a decimal string with the currency's own number of decimals: "12.50"."""

    amount: Decimal
    currency: str = strawberry.field(description='ISO 4217, for example "EUR".')

    @classmethod
    def of(cls, money: MoneyAmount) -> Self:
        return cls(amount=money.amount, currency=money.currency.code)


Upload = NewType("Upload", UploadedFile)  # type: ignore[type-arg]


def _uploaded(value: Any) -> Upload:
    if not isinstance(value, UploadedFile):
        raise GraphQLError("A file comes in a multipart request, and null stands for it in the variables.")
    return Upload(value)


def _written_out(node: Any, variables: Any = None) -> Upload:
    return _uploaded(None)


# The library's own takes whatever is sent.
UPLOAD = strawberry.scalar(
    name="Upload",
    description="""A file of a multipart request, as apollo-upload-client and others send it: `operations` with null
where the file goes, `map`, which says which file goes where, then the files.

    curl https://shop.example.com/graphql -H "Authorization: Bearer $TOKEN" -F map='{"0": ["variables.files.0"]}' \\
      -F operations='{"query": "mutation($files: [Upload!]!) { … }", "variables": {"files": [null]}}' -F 0=@mug.jpg

Only for those who are signed in. With a session in cookies the request needs the header `GraphQL-Require-Preflight`,
whatever it says.""",
    serialize=str,
    parse_value=_uploaded,
    parse_literal=_written_out,
)
