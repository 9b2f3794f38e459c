"""What helps people find: counts of what a list holds, and names that complete what they type."""

from catalog.search.facets import Facets
from catalog.search.suggestions import Suggestion, SuggestionKind, suggestions

__all__ = ["Facets", "Suggestion", "SuggestionKind", "suggestions"]
