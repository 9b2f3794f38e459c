"""How the words somebody types find products: PostgreSQL's stored vectors, and a plain fallback on other databases.

The vectors, and the words they know, are kept by the triggers of migration 0003.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.db import connections
from django.db.models import BooleanField, Case, F, Func, IntegerField, Q, QuerySet, TextField, Value, When
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast

# Each word is looked for in every row; what comes after these narrows little and costs as much.
MAX_WORDS = 5
# Shorter words begin too many others.
MIN_BEGINNING = 3
# What a product with a SKU that was typed is worth: more than any words can be.
SKU_RELEVANCE = 100_000_000

_WORD = re.compile(r"[^\W_]+")


def words(text: str) -> list[str]:
    """The words to look for, in lower case, each once, the first five; none in a text of signs only."""
    found = _WORD.findall(unicodedata.normalize("NFKC", text).lower())
    return list(dict.fromkeys(found))[:MAX_WORDS]


def skus(text: str) -> list[str]:
    """What in the text may be a SKU, in capitals: the whole of it, and each part between spaces."""
    whole = text.strip().upper()
    return list(dict.fromkeys([whole, *whole.split()[:MAX_WORDS]]))


def has_vectors(queryset: QuerySet[Any]) -> bool:
    return connections[queryset.db].vendor == "postgresql"


def conditions(queryset: QuerySet[Any], text: str, *, forgiving: bool) -> tuple[Any, Any]:
    """A condition for what the text finds in the queryset, and how well it does, as a whole number.

    `forgiving` takes a word that no product has for those it may have been meant to be.
    """
    asked = words(text)
    if not asked:
        return Q(pk__in=[]), Value(0)
    if has_vectors(queryset):
        query = _query(_meant(asked) if forgiving else [[word] for word in asked])
        return _Matches(query), _Rank(query)
    return _plain(asked)


# ── PostgreSQL ───────────────────────────────────────────────────────────────────────────────────────────────────────
# Which words are known: their stem is, or, of the last one, the beginning; or they have no stem, such as "the".
_KNOWN = """
SELECT asked FROM (SELECT unnest(%s::text[]) AS asked UNION ALL SELECT %s) AS words
WHERE to_tsvector('catalog_english', asked) = ''
    OR EXISTS (SELECT 1 FROM catalog_searchword WHERE word = ANY(
        tsvector_to_array(to_tsvector('catalog_english', asked) || to_tsvector('catalog_plain', asked))
    ))
UNION SELECT %s WHERE EXISTS (SELECT 1 FROM catalog_searchword WHERE word LIKE unaccent(%s))
"""
_ALIKE = """
SELECT DISTINCT word FROM catalog_searchword
WHERE length(word) BETWEEN %s AND %s AND levenshtein_less_equal(word, %s, 2) <= 2 LIMIT 500
"""


class _Vector(Func):
    """The column with a product's words, which only PostgreSQL has and no model knows."""

    output_field = TextField()

    def __init__(self) -> None:
        super().__init__(F("pk"))

    def as_sql(self, compiler: Any, connection: Any, **_: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        alias = self.get_source_expressions()[0].alias
        return f'{connection.ops.quote_name(alias)}."search"', []


class _Matches(Func):
    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = BooleanField()

    def __init__(self, query: RawSQL):
        super().__init__(_Vector(), query)


class _Rank(Func):
    # Of description, vendor, tags and name; a whole number, because cursors compare it. Never null.
    template = "(ts_rank('{0.05, 0.2, 0.4, 1.0}', %(expressions)s, 1) * 1000000)::integer"
    never_null = True

    def __init__(self, query: RawSQL):
        super().__init__(_Vector(), query, output_field=IntegerField())


def _meant(asked: Sequence[str]) -> list[list[str]]:
    """Each word as it is spelt, or, where no product has a word like that, as it may have been meant."""
    *whole, last = asked
    with connections["default"].cursor() as cursor:
        cursor.execute(_KNOWN, [whole, last, last, f"{last}%"])
        known = {word for (word,) in cursor.fetchall()}
        return [[word] if word in known else _near(word, cursor) or [word] for word in asked]


def _query(alternatives: Sequence[Sequence[str]]) -> RawSQL:
    """One of the alternatives for each word; the last word may be the beginning of a longer one.

    What has no meaning of its own, such as "the", is passed over by `to_tsquery`. Words are letters and digits: there
    is nothing in them to be escaped.
    """
    terms = ["to_tsquery('catalog_english', %s)"] * len(alternatives)
    params = [" | ".join(words) for words in alternatives]
    begun = [f"{word}:*" for word in alternatives[-1] if len(word) >= MIN_BEGINNING]
    if begun:
        terms[-1] = f"({terms[-1]} || to_tsquery('catalog_plain', %s))"
        params.append(" | ".join(begun))
    return RawSQL(f"({' && '.join(terms)})", params)  # noqa: S611


def _near(word: str, cursor: Any) -> list[str]:
    """The words the catalogue knows that are spelt most like this one, five at most."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", word) if not unicodedata.combining(each))
    if not 3 <= len(plain) <= 40:
        return []
    allowed = 1 if len(plain) <= 5 else 2
    # Two letters that changed places are two edits there, and one here.
    cursor.execute(_ALIKE, [len(plain) - allowed, len(plain) + allowed, plain])
    found = sorted((_edits(plain, each), each) for (each,) in cursor.fetchall())
    return [each for edits, each in found if edits <= allowed and edits == found[0][0]][:5]


def _edits(one: str, other: str) -> int:
    """How many letters must be added, left out, replaced or swapped with the next to make one word of the other."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        current = [row]
        for column, its in enumerate(other, 1):
            cost = min(last[column] + 1, current[-1] + 1, last[column - 1] + (letter != its))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == its:
                cost = min(cost, before[column - 2] + 1)
            current.append(cost)
        before, last = last, current
    return last[-1]


# ── Other databases ──────────────────────────────────────────────────────────────────────────────────────────────────
def _plain(asked: Sequence[str]) -> tuple[Q, Any]:
    """Every word, or a part of one, as it is spelt but for an s at its end: no mistakes are forgiven."""
    tags = Cast("tags", TextField())
    condition, relevance = Q(), Value(0)
    for word in (each[:-1] if len(each) > MIN_BEGINNING and each.endswith("s") else each for each in asked):
        named, vended = Q(name__icontains=word), Q(vendor__name__icontains=word)
        tagged = _Contains(tags, word)
        condition &= named | tagged | vended | Q(description__icontains=word)
        relevance = relevance + Case(  # type: ignore[assignment]
            When(named, then=Value(1000)),
            When(tagged, then=Value(400)),
            When(vended, then=Value(200)),
            default=Value(50),
            output_field=IntegerField(),
        )
    return condition, relevance


def _Contains(text: Combinable, word: str) -> Q:  # noqa: N802
    position = Func(Func(text, function="LOWER"), Value(word), function="INSTR", output_field=IntegerField())
    return Q(_IsPositive(position))


class _IsPositive(Func):
    template = "%(expressions)s > 0"
    output_field = BooleanField()
