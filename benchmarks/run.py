"""`python benchmarks/run.py`: what one machine does, in figures and beside those of published peers.

It runs in a database of its own that is dropped afterwards: on the server of DATABASE_URL when that is PostgreSQL, with
a web process a core as in production; else in a temporary SQLite file, which has one writer and so one process.
Nothing else is needed: tasks run in the request, live events go through memory.
"""

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, closing, contextmanager, suppress
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import websockets
from websockets.typing import Subprotocol

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks import shopping  # noqa: E402

SECONDS = 8  # that each rate is measured for
CLIENTS = 4  # that ask at the same time
EVENTS = 40
SOCKETS = 500
# Measured on 2 cores: product lists a second, checkouts a second, statements of a checkout.
PEERS = {"Saleor": (12, 2, 386), "Vendure": (22, 13, 304)}

FOLLOW = "subscription($id: ID!, $t: String) { orderEvents(orderId: $id, guestToken: $t) { type occurredAt } }"
WATCH = "subscription($id: ID!, $t: String) { orderStatusChanged(id: $id, guestToken: $t) { status } }"
HOLD = 'mutation($id: ID!) { orderHold(id: $id, reason: "benchmark") { userErrors { code } } }'
RELEASE = "mutation($id: ID!) { orderRelease(id: $id) { userErrors { code } } }"
SIGN_IN = """
mutation { tokenCreate(email: "staff@example.com", password: "demo-password") { accessToken userErrors { code } } }
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, database(Path(folder)) as url:
        env = settings(url, folder)
        manage(env, "migrate", "--verbosity", "0")
        manage(env, "load_demo", "--force")
        statements = json.loads(python(env, "benchmarks/statements.py"))
        with ExitStack() as processes:
            webs = [processes.enter_context(web(env, folder, number)) for number in range(process_count(url))]
            figures = measured([address for address, _ in webs], webs[0][1])
    report(url, statements, figures)


# ── What is measured ─────────────────────────────────────────────────────────────────────────────────────────────────
def measured(addresses: list[str], process: subprocess.Popen[bytes]) -> dict[str, float]:
    address = addresses[0]
    with client(address) as send:
        on_sale = shopping.variants(send)
        lists = rate(addresses, lambda send, _: send(shopping.PRODUCTS, {}))
        checkouts = rate(addresses, lambda send, turn: shopping.buy(send, on_sale[turn % len(on_sale)]))
        at_once = rate(addresses, lambda send, turn: shopping.buy_at_once(send, on_sale[turn % len(on_sale)]))
        order = shopping.buy_at_once(send, on_sale[0])
        token = send(SIGN_IN, {})["tokenCreate"]["accessToken"]
    with client(address, token) as send:
        latency = asyncio.run(event_latency(address, send, order))
    memory = asyncio.run(socket_memory(address, process.pid, order))
    return {
        "processes": len(addresses),
        "lists": lists,
        "checkouts": checkouts,
        "at_once": at_once,
        "latency": latency,
        "memory": memory,
        "variants": len(on_sale),
    }


def rate(addresses: list[str], act: Callable[[Any, int], object]) -> float:
    """How often a second CLIENTS clients together do something; they take turns with the web processes."""
    end = time.monotonic() + SECONDS

    def work(number: int) -> int:
        done = 0
        with client(addresses[number % len(addresses)]) as send:
            while time.monotonic() < end:
                act(send, number + done * CLIENTS)
                done += 1
        return done

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(pool.map(work, range(CLIENTS))) / SECONDS


async def event_latency(address: str, send: shopping.Send, order: dict[str, Any]) -> float:
    """Milliseconds from the moment an event was written, just before its commit, until a browser has it: the median."""
    waits = []
    async with follower(address, FOLLOW, order) as browser:
        for turn in range(EVENTS):
            mutation, news = (RELEASE, "order.released") if turn % 2 else (HOLD, "order.held")
            change = asyncio.create_task(asyncio.to_thread(send, mutation, {"id": order["id"]}))
            written = await said(browser, news)
            waits.append((datetime.now(UTC) - written).total_seconds() * 1000)
            await change
    return statistics.median(waits)


async def said(browser: Any, news: str) -> datetime:
    """When the next event of this type was written; what comes before it is passed over."""
    while True:
        message = json.loads(await asyncio.wait_for(browser.recv(), 10))
        event = message["payload"]["data"]["orderEvents"]
        if event["type"] == news:
            return datetime.fromisoformat(event["occurredAt"])


async def socket_memory(address: str, pid: int, order: dict[str, Any]) -> float:
    """Kilobytes that the web process needs for each of SOCKETS sockets that follow an order and hear nothing."""
    before = resident(pid)
    async with AsyncExitStack() as sockets:
        for _ in range(SOCKETS):
            browser = await sockets.enter_async_context(follower(address, WATCH, order))
            await asyncio.wait_for(browser.recv(), 10)  # the order as it is now
        return (resident(pid) - before) / SOCKETS


def resident(pid: int) -> int:
    """Kilobytes of memory a process occupies."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@asynccontextmanager
async def follower(address: str, subscription: str, order: dict[str, Any]) -> AsyncIterator[Any]:
    """A browser's socket that has subscribed."""
    url = f"{address.replace('http', 'ws', 1)}/graphql"
    async with websockets.connect(url, subprotocols=[Subprotocol("graphql-transport-ws")]) as browser:
        await browser.send(json.dumps({"type": "connection_init"}))
        await browser.recv()
        payload = {"query": subscription, "variables": {"id": order["id"], "t": order["guestToken"]}}
        await browser.send(json.dumps({"id": "1", "type": "subscribe", "payload": payload}))
        yield browser


@contextmanager
def client(address: str, token: str = "") -> Iterator[shopping.Send]:
    """One connection that is kept. It does little itself, since it shares the cores with what is measured."""
    url = urlsplit(address)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with closing(HTTPConnection(url.hostname or "", url.port, timeout=30)) as connection:

        def send(query: str, variables: dict[str, Any]) -> dict[str, Any]:
            body = json.dumps({"query": query, "variables": variables}).encode()
            connection.request("POST", "/graphql", body, headers)
            answer = json.loads(connection.getresponse().read())
            if "errors" in answer:
                raise RuntimeError(answer["errors"])
            return answer["data"]

        yield send


# ── What it runs on ──────────────────────────────────────────────────────────────────────────────────────────────────
@contextmanager
def database(folder: Path) -> Iterator[str]:
    """The URL of a database of this run's own."""
    server = urlsplit(os.environ.get("DATABASE_URL", ""))
    if not server.scheme.startswith("postgres"):
        yield f"sqlite:///{folder / 'benchmark.sqlite3'}"
        return
    name = f"nexus_benchmark_{os.getpid()}"
    with psycopg.connect(urlunsplit(server._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        try:
            yield urlunsplit(server._replace(path=f"/{name}"))
        finally:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def settings(url: str, folder: str) -> dict[str, str]:
    """The embedded default as it is in production: DEBUG is off."""
    return {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": url,
        "DEBUG": "0",
        "SECRET_KEY": "a-key-for-the-minute-that-the-benchmark-takes",
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "0",
        "SANDBOX_PAYMENTS": "1",
        "EMAIL_URL": "dummymail://",
        "SHOP_URL": "http://127.0.0.1",
        "REDIS_URL": "",
        "CELERY_BROKER_URL": "",
        "MEDIA_ROOT": f"{folder}/media",
        "LOG_LEVEL": "WARNING",
    }


def python(env: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


def manage(env: dict[str, str], *arguments: str) -> None:
    python(env, "manage.py", *arguments)


def process_count(url: str) -> int:
    return (os.cpu_count() or 1) if url.startswith("postgres") else 1


@contextmanager
def web(env: dict[str, str], folder: str, number: int) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """One Daphne that answers: its address, and the process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = ["-m", "config.server", "--verbosity", "0", "-b", "127.0.0.1", "-p", str(port)]
    with Path(folder, f"web-{number}.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *command], cwd=ROOT, env=env, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 30
        while not answers(address):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(Path(folder, f"web-{number}.log").read_text())
            time.sleep(0.1)
        yield address, process
    finally:
        process.kill()
        process.wait()


def answers(address: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{address}/healthz").status_code == 200
    return False


# ── What it says ─────────────────────────────────────────────────────────────────────────────────────────────────────
def report(url: str, statements: dict[str, int], figures: dict[str, float]) -> None:
    processes = f"{figures['processes']:.0f} web process{'es' if figures['processes'] > 1 else ''}"
    say(f"{processes} on {urlsplit(url).scheme}, {CLIENTS} clients on the same machine of {os.cpu_count()} cores")
    say(f"A list is 20 products with category, images and {figures['variants']} variants with price and stock in all")
    say(f"product lists a second          {figures['lists']:8.1f}   {beside(figures['lists'], 0)}")
    say(f"checkouts a second, 7 requests  {figures['checkouts']:8.1f}   {beside(figures['checkouts'], 1)}")
    say(f"checkouts a second, 2 requests  {figures['at_once']:8.1f}   {beside(figures['at_once'], 1)}")
    say(f"SQL statements of a list        {statements['list']:8d}")
    say(f"SQL statements of 7 requests    {statements['checkout']:8d}   {fewer(statements['checkout'])}")
    say(
        f"SQL statements of 2 requests    {statements['checkout_at_once']:8d}   {fewer(statements['checkout_at_once'])}"
    )
    say(f"event to browser, median        {figures['latency']:8.1f} ms")
    say(f"memory of an idle socket        {figures['memory']:8.1f} kB   ({SOCKETS} sockets)")


def beside(figure: float, column: int) -> str:
    return ", ".join(f"{figure / peer[column]:.1f} × {name}" for name, peer in PEERS.items())


def fewer(count: int) -> str:
    return ", ".join(f"1/{peer[2] / count:.1f} of {name}" for name, peer in PEERS.items())


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
