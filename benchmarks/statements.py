"""Counts SQL statements in this process, and prints them as JSON: of a list and of a checkout, or of what is asked.

What is asked is an argument of JSON: {"name": ["query", {variables}], …}.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import django

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks import shopping  # noqa: E402

client = Client(headers={"Host": "127.0.0.1"})


def send(query: str, variables: dict[str, Any]) -> dict[str, Any]:
    body = {"query": query, "variables": variables}
    return client.post("/graphql", body, content_type="application/json").json()["data"]


class Counter:
    """Every statement but BEGIN and COMMIT, those of what a checkout sets off (mails, inboxes) included."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, *arguments: Any) -> Any:
        self.count += 1
        return execute(*arguments)


def counted(act: Any, *arguments: Any) -> int:
    act(*arguments)  # once before, so that nothing is counted that only a first request needs
    counter = Counter()
    with connection.execute_wrapper(counter):
        act(*arguments)
    return counter.count


if len(sys.argv) > 1:
    print(json.dumps({name: counted(send, *asked) for name, asked in json.loads(sys.argv[1]).items()}))
else:
    variant = shopping.variants(send)[0]
    figures = {
        "list": counted(send, shopping.PRODUCTS, {}),
        "checkout": counted(shopping.buy, send, variant),
        "checkout_at_once": counted(shopping.buy_at_once, send, variant),
    }
    print(json.dumps(figures))
