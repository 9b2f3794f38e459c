"""The committed picture of the API is current, and no client breaks without somebody having said so."""

from inspect import Parameter

from django.conf import settings
from graphql import build_schema, find_breaking_changes
from strawberry.types.base import StrawberryOptional

from schema.root import schema

SNAPSHOT = settings.BASE_DIR / "schema" / "schema.graphql"


def test_the_committed_schema_is_current():
    assert SNAPSHOT.read_text().strip() == schema.as_str().strip(), "Run `make schema` and commit the difference."


def test_nothing_in_the_api_breaks_its_clients():
    committed = build_schema(SNAPSHOT.read_text())
    current = build_schema(schema.as_str())

    breaking = find_breaking_changes(committed, current)

    assert [change.description for change in breaking] == []


def test_a_removed_field_is_named_as_a_breaking_change():
    committed = build_schema(SNAPSHOT.read_text())
    without_tags = build_schema(schema.as_str().replace("\n  tags: [String!]!", ""))

    breaking = find_breaking_changes(committed, without_tags)

    assert [change.description for change in breaking] == ["Product.tags was removed."]


def test_every_field_and_argument_is_described_or_says_it_all_by_its_name():
    undescribed = [
        f"{type_.name}.{field}"
        for type_ in (schema._schema.query_type, schema._schema.mutation_type, schema._schema.subscription_type)
        for field, definition in type_.fields.items()
        if not definition.description
    ]

    assert undescribed == []


def test_what_a_class_says_of_itself_is_the_description_of_its_type():
    types = schema._schema.type_map

    assert types["OnlySomeLeft"].description.startswith("There are fewer than are in the cart")
    assert types["CartAddressesSetInput"].description == "What is left out stays as it is; null empties it."
    assert types["CartCreatePayload"].description is None


def test_whatever_may_be_null_may_be_left_out():
    needed = [
        f"{name}.{field.python_name}({argument.python_name})"
        for name, kind in schema.schema_converter.type_map.items()
        for field in getattr(kind.definition, "fields", [])
        for argument in getattr(field, "arguments", [])
        if isinstance(argument.type, StrawberryOptional) and _is_needed(field, argument.python_name)
    ]

    assert needed == []


def _is_needed(field, argument):
    """Whether the resolver, which is not given what was left out, could not be called without it."""
    parameters = field.base_resolver.signature.parameters if field.base_resolver else {}
    return argument in parameters and parameters[argument].default is Parameter.empty
