"""Starts the shop for the tests, on services that answer; skips them, and says why, on those that do not."""

import contextlib
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import kombu
import psycopg
import pytest
import redis

from tests.services.stack import (
    POSTGRES,
    RABBITMQ,
    REDIS,
    REDIS_DATABASE,
    ROOT,
    RUN,
    Database,
    Ledger,
    RedisServer,
    Stack,
    environment,
)


@pytest.fixture(scope="session")
def postgres() -> None:
    try:
        psycopg.connect(f"{POSTGRES}/postgres", connect_timeout=3).close()
    except psycopg.OperationalError as error:
        pytest.skip(f"PostgreSQL does not answer at {POSTGRES}: {error}")


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A database of Redis's that is empty and for these tests alone."""
    url = f"{REDIS}/{REDIS_DATABASE}"
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=3) as server:
            server.flushdb()
    except redis.RedisError as error:
        pytest.skip(f"Redis does not answer at {url}: {error}")
    return url


@pytest.fixture(scope="session")
def rabbitmq() -> str:
    """The address of a RabbitMQ that answers."""
    try:
        with kombu.Connection(RABBITMQ, connect_timeout=3) as connection:
            connection.ensure_connection(max_retries=1, timeout=3)
    except kombu.exceptions.OperationalError as error:
        pytest.skip(f"RabbitMQ does not answer at {RABBITMQ}: {error}")
    return RABBITMQ


@pytest.fixture(scope="session")
def run_name() -> str:
    """What to call things of this run on shared servers."""
    return RUN


@pytest.fixture(scope="session")
def demo_shop(postgres, tmp_path_factory) -> Iterator[Database]:
    """Migrated and loaded once; every stack works on a copy."""
    folder = tmp_path_factory.mktemp("demo")
    database = Database(f"{RUN}_demo")
    try:
        for command in (["migrate", "--verbosity", "0"], ["load_demo", "--force"]):
            done = subprocess.run(
                [sys.executable, "manage.py", *command],
                cwd=ROOT,
                env=environment(database.url, folder),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
        yield database
    finally:
        database.drop()


@pytest.fixture(scope="session")
def start_stack(demo_shop, tmp_path_factory) -> Callable[..., contextlib.AbstractContextManager[Stack]]:
    """Starts a stack of this name with the options of `Stack`, on a copy of the demo shop; ends it afterwards."""

    @contextlib.contextmanager
    def started(name: str, **options: Any) -> Iterator[Stack]:
        database = Database(f"{RUN}_{name}", template=demo_shop.name)
        stack = Stack(database, tmp_path_factory.mktemp(name), **options)
        try:
            stack.start()
            yield stack
        finally:
            stack.stop()
            database.drop()

    return started


@pytest.fixture(scope="session")
def stack(redis_url, start_stack) -> Iterator[Stack]:
    """The shop on the machine's PostgreSQL and Redis."""
    with start_stack("main", broker=redis_url, redis_url=redis_url) as stack:
        yield stack


@pytest.fixture(scope="module")
def own_redis(tmp_path_factory) -> Iterator[RedisServer]:
    if shutil.which("redis-server") is None:
        pytest.skip("There is no redis-server on the PATH to start and kill.")
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def ledger(tmp_path_factory) -> Ledger:
    """That of the gateway `slow`."""
    return Ledger(tmp_path_factory.mktemp("gateway") / "ledger")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A failure shows what the processes logged."""
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Stack):
                report.sections.append(("processes", value.logs()))
    return report
