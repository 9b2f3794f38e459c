"""Counts the SQL statements of a list and of a checkout, in this process; prints them as JSON."""

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


variant = shopping.variants(send)[0]
print(json.dumps({"list": counted(send, shopping.PRODUCTS, {}), "checkout": counted(shopping.buy, send, variant)}))
