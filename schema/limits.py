"""How large a document may be: its depth, its aliases, its fields, and no list inside itself.

The library's limiters walk a fragment each time it is spread, so fragments that spread the next one twice cost them
2ⁿ steps, and a fragment that does not exist breaks them. Here each fragment is measured once.
"""

from dataclasses import dataclass
from functools import reduce
from typing import cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNullableType,
    GraphQLObjectType,
    GraphQLType,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
    get_named_type,
    get_nullable_type,
)

from schema import kit

MAX_DEPTH = 12
MAX_ALIASES = 30
MAX_FIELDS = 3000
# A password is hashed for each tokenCreate, an order placed for each checkout: a few at a time are plenty.
MAX_MUTATIONS = 5


@dataclass(frozen=True)
class Size:
    """Of a selection with its fragments in place. `lists` are the list fields in it: {"Product.variants", …}."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0
    lists: frozenset[str] = frozenset()

    def __add__(self, other: "Size") -> "Size":
        """Of two selections side by side."""
        return Size(
            max(self.depth, other.depth),
            self.aliases + other.aliases,
            self.fields + other.fields,
            self.lists | other.lists,
        )


class Limits(ValidationRule):
    """Refuses a document of which some operation is too large, before anything else walks through it."""

    def __init__(self, context: ValidationContext):
        super().__init__(context)
        self._fragments: dict[str, Size] = {}
        self._nested: set[str] = set()
        total = Size()
        for node in context.document.definitions:
            if isinstance(node, OperationDefinitionNode):
                size = self._size(node.selection_set, context.schema.get_root_type(node.operation))
                self._refuse_more_than(MAX_DEPTH, "levels", size.depth)
                if node.operation.value == "mutation":
                    self._refuse_more_than(MAX_MUTATIONS, "mutations", _mutations(node))
                total += size
        self._refuse_more_than(MAX_ALIASES, "aliases", total.aliases)
        self._refuse_more_than(MAX_FIELDS, "fields", total.fields)
        for name in sorted(self._nested):
            self._refuse(f"The document asks for {name} inside {name}: that multiplies a list by itself.")

    def _refuse_more_than(self, allowed: int, what: str, found: int) -> None:
        if found > allowed:
            self._refuse(f"The document has more than {allowed} {what}.")

    def _refuse(self, message: str) -> None:
        self.report_error(kit.ApiError(kit.ErrorCode.QUERY_TOO_EXPENSIVE, message))

    def _size(self, selected: SelectionSetNode | None, parent: GraphQLNamedType | None) -> Size:
        nodes = selected.selections if selected else ()
        return reduce(Size.__add__, (self._size_of_one(node, parent) for node in nodes), Size())

    def _size_of_one(self, node: SelectionNode, parent: GraphQLNamedType | None) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        if isinstance(node, InlineFragmentNode):
            narrowed = node.type_condition and self.context.schema.get_type(node.type_condition.name.value)
            return self._size(node.selection_set, narrowed or parent)
        return self._size_of_field(cast("FieldNode", node), parent)

    def _size_of_field(self, node: FieldNode, parent: GraphQLNamedType | None) -> Size:
        name = node.name.value
        type_ = _type_of(parent, name)
        inner = self._size(node.selection_set, get_named_type(type_) if type_ else None)
        lists = inner.lists
        if parent and isinstance(get_nullable_type(cast("GraphQLNullableType", type_)), GraphQLList):
            here = f"{parent.name}.{name}"
            if here in inner.lists:
                self._nested.add(here)
            lists = inner.lists | {here}
        # Introspection is deep by its nature; graphql-core limits it by a rule of its own.
        depth = 0 if name.startswith("__") else inner.depth + (node.selection_set is not None)
        return Size(depth, inner.aliases + (node.alias is not None), inner.fields + 1, lists)

    def _fragment(self, name: str) -> Size:
        if name not in self._fragments:
            # One that leads back to itself, or does not exist, is refused by the rules of GraphQL.
            self._fragments[name] = Size()
            fragment = self.context.get_fragment(name)
            if fragment:
                parent = self.context.schema.get_type(fragment.type_condition.name.value)
                self._fragments[name] = self._size(fragment.selection_set, parent)
        return self._fragments[name]


def _mutations(operation: OperationDefinitionNode) -> int:
    """How many there are; those in fragments, which nobody needs here, count as too many."""
    selections = operation.selection_set.selections
    return len(selections) if all(isinstance(node, FieldNode) for node in selections) else MAX_MUTATIONS + 1


def _type_of(parent: GraphQLNamedType | None, field: str) -> GraphQLType | None:
    """The type of an object's or an interface's field; None for introspection, and for a field that does not exist."""
    fields = parent.fields if isinstance(parent, (GraphQLObjectType, GraphQLInterfaceType)) else {}
    return fields[field].type if field in fields else None
