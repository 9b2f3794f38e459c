"""How large a document may be: its depth, its aliases and its fields, counted as it will be executed.

The library's limiters walk a fragment each time it is spread, so fragments that spread the next one twice cost them
2ⁿ steps, and a fragment that does not exist breaks them. Here each fragment is measured once.
"""

from dataclasses import dataclass
from typing import cast

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValidationContext,
    ValidationRule,
)

from schema import kit

MAX_DEPTH = 12
MAX_ALIASES = 30
MAX_FIELDS = 3000


@dataclass(frozen=True)
class Size:
    """Of a selection with its fragments in place."""

    depth: int = 0
    aliases: int = 0
    fields: int = 0


class Limits(ValidationRule):
    """Refuses a document of which some operation is too large, before anything else walks through it."""

    def __init__(self, context: ValidationContext):
        super().__init__(context)
        self._fragments: dict[str, Size] = {}
        operations = [node for node in context.document.definitions if isinstance(node, OperationDefinitionNode)]
        sizes = [self._size(operation.selection_set) for operation in operations]
        self._refuse_more_than(MAX_DEPTH, "levels deep", max((size.depth for size in sizes), default=0))
        self._refuse_more_than(MAX_ALIASES, "aliases", sum(size.aliases for size in sizes))
        self._refuse_more_than(MAX_FIELDS, "fields", sum(size.fields for size in sizes))

    def _refuse_more_than(self, allowed: int, what: str, found: int) -> None:
        if found > allowed:
            self.report_error(
                kit.ApiError(kit.ErrorCode.QUERY_TOO_EXPENSIVE, f"The document has more than {allowed} {what}.")
            )

    def _size(self, selected: SelectionSetNode | None) -> Size:
        sizes = [self._size_of_one(node) for node in selected.selections] if selected else []
        return Size(
            depth=max((size.depth for size in sizes), default=0),
            aliases=sum(size.aliases for size in sizes),
            fields=sum(size.fields for size in sizes),
        )

    def _size_of_one(self, node: SelectionNode) -> Size:
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        if isinstance(node, InlineFragmentNode):
            return self._size(node.selection_set)
        field = cast("FieldNode", node)
        inner = self._size(field.selection_set)
        # Introspection is deep by its nature; graphql-core limits it by a rule of its own.
        is_introspection = field.name.value.startswith("__")
        depth = 0 if is_introspection else inner.depth + (field.selection_set is not None)
        return Size(depth, aliases=inner.aliases + (field.alias is not None), fields=inner.fields + 1)

    def _fragment(self, name: str) -> Size:
        if name not in self._fragments:
            # One that leads back to itself, or does not exist, is refused by the rules of GraphQL.
            self._fragments[name] = Size()
            fragment = self.context.get_fragment(name)
            self._fragments[name] = self._size(fragment.selection_set) if fragment else Size()
        return self._fragments[name]
