"""`python benchmarks/catalog.py`: what pages of the catalogue cost at 1,000 products and at 100,000, as ratios.

It needs DATABASE_URL of a PostgreSQL server, on which it makes two databases and drops them afterwards; with --keep
they stay, and the next run with --keep finds them. Both are asked in turn, so that a machine that slows down does so
for both. Every time is that of a whole request over HTTP, the median of many.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit, urlunsplit

import psycopg

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import run, shopping
from benchmarks.shopping import Send

SIZES = (1_000, 100_000)
TURNS = 40
DEEP = 1_000  # pages of 20
TERMS = ["lamp", "oak chair", "hedphones"]

PAGE = f"""
query($filters: ProductFilters, $ordering: [ProductOrdering!], $after: String) {{
  products(first: 20, filters: $filters, ordering: $ordering, after: $after) {{ {shopping.PRODUCT_FIELDS} }}
}}
"""
WALK = """
query($ordering: [ProductOrdering!], $after: String) {
  products(first: 100, ordering: $ordering, after: $after) { edges { cursor } }
}
"""
FACETS = """
query($filters: ProductFilters) {
  products(first: 20, filters: $filters) {
    edges { node { id } }
    facets {
      inStock categories { name count } vendors { name count } priceRanges { count } ratings { stars count }
      attributes { name values { value count } }
    }
  }
}
"""
ROWS = "query($filters: ProductFilters) { products(first: 20, filters: $filters) { edges { node { id } } } }"
SUGGEST = '{ productSuggestions(prefix: "desk la") { name } }'
ORDERINGS = {
    "newest": None,
    "price": [{"price": "ASC"}],
    "name": [{"name": "ASC"}],
    "best selling": [{"bestSelling": "DESC"}],
    "rating": [{"rating": "DESC"}],
}
Variables = dict[str, Any]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", action="store_true", help="leave the databases, and use those left")
    keep = options.parse_args().keep
    server = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not server.scheme.startswith("postgres"):
        sys.exit("Set DATABASE_URL to a PostgreSQL server: only there are these figures promised.")
    with ExitStack() as opened:
        clients, shops = [], []
        for number, size in enumerate(SIZES):
            folder = opened.enter_context(tempfile.TemporaryDirectory())
            url = opened.enter_context(database(server, size, keep=keep))
            env = filled(url, folder, size)
            address, _ = opened.enter_context(run.web(env, folder, number))
            clients.append(opened.enter_context(run.client(address)))
            shops.append(env)
        report(clients, [counts(env) for env in shops])


# ── What it runs on ──────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def database(server: SplitResult, size: int, *, keep: bool) -> Iterator[str]:
    """The URL of a database for so many products."""
    name = f"nexus_benchmark_catalog_{size}" if keep else f"nexus_benchmark_{os.getpid()}_{size}"
    with psycopg.connect(urlunsplit(server._replace(path="/postgres")), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(server._replace(path=f"/{name}"))
        finally:
            if not keep:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def filled(url: str, folder: str, size: int) -> dict[str, str]:
    """The environment of a shop with so many products, as tidy as the server's own vacuum leaves it in the end."""
    env = run.settings(url, folder) | {"SHOP_CURRENCIES": "USD"}
    run.manage(env, "migrate", "--verbosity", "0")
    before = time.monotonic()
    run.manage(env, "seed_catalog", "--force", "--products", str(size))
    run.say(f"{size:,} products seeded in {time.monotonic() - before:.0f} s")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return env


def counts(env: dict[str, str]) -> dict[str, int]:
    """How many statements each kind of request makes, from a process of its own."""
    asked = {
        "page": (PAGE, {}),
        "search": (PAGE, {"filters": {"search": TERMS[0]}}),
        "rows": (ROWS, {}),
        "facets": (FACETS, {}),
    }
    found: dict[str, int] = json.loads(run.python(env, "benchmarks/statements.py", json.dumps(asked)))
    return found


# ── What is measured ─────────────────────────────────────────────────────────────────────────────────────────────────
def times(*asked: tuple[Send, str, Variables], turns: int = TURNS) -> list[float]:
    """Milliseconds of each request, the median of its turns; they take turns with each other."""
    for send, query, variables in asked * 3:  # what only first requests need
        send(query, variables)
    taken: list[list[float]] = [[] for _ in asked]
    for _ in range(turns):
        for (send, query, variables), record in zip(asked, taken, strict=True):
            before = time.perf_counter()
            send(query, variables)
            record.append((time.perf_counter() - before) * 1000)
    return [statistics.median(record) for record in taken]


def cursor_at(send: Send, page: int, ordering: Any) -> str:
    """The cursor after which the page with this number begins, the second or a later one."""
    cursors: list[str] = []
    while len(cursors) < (page - 1) * 20:
        after = cursors[-1] if cursors else None
        edges = send(WALK, {"ordering": ordering, "after": after})["products"]["edges"]
        cursors += [edge["cursor"] for edge in edges]
    return cursors[(page - 1) * 20 - 1]


def report(clients: list[Send], statements: list[dict[str, int]]) -> None:
    small, large = clients
    found = statements[-1]
    judged("statements of a page", found["page"], 6)
    judged("statements of facets more", found["facets"] - found["rows"], 5)
    run.say(f"{'statements of a search':44}{found['search']:8}")
    for name, ordering in ORDERINGS.items():
        page = (PAGE, {"ordering": ordering})
        deep = (PAGE, {"ordering": ordering, "after": cursor_at(large, DEEP, ordering)})
        few, many, last = times((small, *page), (large, *page), (large, *deep))
        run.say(f"{name + ': page of 20 at 1,000 products':44}{few:8.1f} ms")
        judged(f"{name}: at 100,000", many / few, 1.5, f"{many:.1f} ms")
        judged(f"{name}: page {DEEP:,} beside the first", last / many, 1.2, f"{last:.1f} ms")
    for term in TERMS:
        plain, search = times((large, PAGE, {}), (large, PAGE, {"filters": {"search": term}}))
        judged(f"search “{term}” beside a plain page", search / plain, 3, f"{search:.1f} ms")
    facets, narrowed, suggested = times(
        (large, FACETS, {}), (large, FACETS, {"filters": {"search": TERMS[0]}}), (large, SUGGEST, {}), turns=10
    )
    run.say(f"{'facets of 100,000 products':44}{facets:8.1f} ms")
    run.say(f"{'facets of a search':44}{narrowed:8.1f} ms")
    run.say(f"{'suggestions':44}{suggested:8.1f} ms")


def judged(what: str, figure: float, most: float, measured: str = "") -> None:
    verdict = "" if figure <= most else "   MISSED"
    shown = f"{figure:8}" if isinstance(figure, int) else f"{figure:8.2f} ×"
    run.say(f"{what:44}{shown}   at most {most}   {measured}{verdict}")


if __name__ == "__main__":
    main()
