"""The shop as it is really run: web processes, a worker and beat on PostgreSQL and Redis, and clients of it."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import redis
from gql import Client, gql
from gql.transport.websockets import WebsocketsTransport
from strawberry.relay.utils import to_base64

ROOT = Path(__file__).resolve().parents[2]
POSTGRES = os.environ.get("SERVICES_POSTGRES", "postgres://postgres@127.0.0.1:5432")
REDIS = os.environ.get("SERVICES_REDIS", "redis://127.0.0.1:6379")
RABBITMQ = os.environ.get("SERVICES_RABBITMQ", "amqp://guest:guest@127.0.0.1:5672")
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
RUN = f"nexus_services_{os.getpid()}_{WORKER}"
REDIS_DATABASE = 9 + int(WORKER.removeprefix("gw")) % 6
SECRET_KEY = "a-key-of-the-tests-that-is-long-enough-to-sign-with"
PASSWORD = "demo-password"
START_SECONDS = 60


# ── Processes ────────────────────────────────────────────────────────────────────────────────────────────────────────
class Process:
    """One process of the shop, with all its children, and the file it logs to."""

    def __init__(self, name: str, *command: str, env: dict[str, str], folder: Path):
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._env = env
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command, cwd=ROOT, env=self._env, stdout=log, stderr=log, start_new_session=True
            )

    def stop(self) -> None:
        """Asks it to end; kills it when it does not."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """kill -9, children and all."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._running is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._running.pid, how)
        try:
            self._running.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._running.pid, signal.SIGKILL)
            self._running.wait(10)
        self._running = None

    @property
    def has_ended(self) -> bool:
        return self._running is None or self._running.poll() is not None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(check: Callable[[], Any], what: str, seconds: float = 30) -> Any:
    """What `check` gives as soon as it is true; an AssertionError naming what was waited for when it never is."""
    end = time.monotonic() + seconds
    while not (result := check()):
        assert time.monotonic() < end, f"Waited {seconds} s in vain until {what}."
        time.sleep(0.05)
    return result


class RedisServer(Process):
    """A Redis of the tests' own, which they may kill. It keeps nothing."""

    def __init__(self, folder: Path):
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        options = ("--port", str(self.port), "--save", "", "--appendonly", "no", "--dir", str(folder))
        super().__init__("redis", "redis-server", *options, env={"PATH": os.environ["PATH"]}, folder=folder)

    def start(self) -> None:
        super().start()
        wait_until(self._answers, "redis-server answers")

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as server, contextlib.suppress(redis.RedisError):
            return server.ping()
        return False

    def forget(self) -> None:
        """Loses all it holds, queued tasks included."""
        with redis.Redis.from_url(self.url) as server:
            server.flushall()


class Ledger:
    """What the slow gateway was asked and did, and the switches that keep its answers back and kill who asks."""

    def __init__(self, path: Path):
        self.path = path
        self._hold = path.with_suffix(".hold")
        self._die = path.with_suffix(".die")
        path.touch()

    def calls(self, step: str) -> list[str]:
        """The keys it was asked with for this step."""
        return [key for key in self.path.read_text().split() if key.endswith(f":{step}")]

    def hold(self) -> None:
        self._hold.touch()

    def answer(self) -> None:
        self._hold.unlink(missing_ok=True)

    def kill(self, moment: str) -> None:
        """Whoever comes to this moment next dies: "before authorize", "after capture"."""
        self._die.write_text(moment)

    def clear(self) -> None:
        self.answer()
        self._die.unlink(missing_ok=True)
        self.path.write_text("")


# ── Clients ──────────────────────────────────────────────────────────────────────────────────────────────────────────
class Api:
    """One person's GraphQL client over HTTP."""

    def __init__(self, address: str, token: str | None = None):
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.http = httpx.Client(base_url=address, headers=headers, timeout=60)

    def send(self, query: str, **variables: Any) -> dict[str, Any]:
        """The whole response: data and errors."""
        response = self.http.post("/graphql", json={"query": query, "variables": variables})
        assert response.status_code == 200, response.text
        return response.json()

    def __call__(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a request that must have no errors."""
        response = self.send(query, **variables)
        assert "errors" not in response, response["errors"]
        return response["data"]


class Live:
    """What a subscription has sent."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def collect(self, results: AsyncIterator[dict[str, Any]]) -> None:
        async for result in results:
            self._news.put_nowait(result)

    async def next(self, within: float = 10) -> Any:
        """The next result, bare of its field's name; TimeoutError when none comes in so many seconds."""
        (value,) = (await asyncio.wait_for(self._news.get(), within)).values()
        return value

    async def take(self, count: int) -> list[Any]:
        return [await self.next() for _ in range(count)]

    def is_silent(self) -> bool:
        return self._news.empty()


# ── The shop ─────────────────────────────────────────────────────────────────────────────────────────────────────────
class Database:
    """A database of the run's own on the PostgreSQL server; a copy of another when that is named."""

    def __init__(self, name: str, template: str = "template0"):
        self.name = name
        self.url = f"{POSTGRES}/{name}"
        self._on_server(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    def drop(self) -> None:
        self._on_server(f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)')

    @staticmethod
    def _on_server(statement: str) -> None:
        with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as connection:
            connection.execute(statement)

    def rows(self, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(statement, parameters)
            return found.fetchall() if found.description else []

    def value(self, statement: str, *parameters: Any) -> Any:
        return self.rows(statement, *parameters)[0][0]

    @contextlib.contextmanager
    def held(self, statement: str, *parameters: Any, until_waiting: int) -> Iterator[None]:
        """A starting gun: what `statement` locks is let go at the end, when so many others wait for a lock."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement, parameters)
            yield
            wait_until(lambda: self.waiting() >= until_waiting, f"{until_waiting} wait for a lock")

    def waiting(self) -> int:
        """How many wait for a lock."""
        count = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
        return self.value(count, self.name)


class Stack:
    """Two web processes, a worker and beat, on one database and one broker."""

    secret_key = SECRET_KEY

    def __init__(self, database: Database, folder: Path, *, broker: str, redis_url: str, **env: str):
        self.database = database
        self.folder = folder
        self.emails = folder / "emails"
        self._tokens: dict[str, str] = {}
        self._clients: list[httpx.Client] = []
        self._env = environment(database.url, folder) | {
            "CELERY_BROKER_URL": broker,
            "REDIS_URL": redis_url,
            "REDIS_PREFIX": database.name,
            # Long: what arrives in time was rung for.
            "LIVE_POLL_SECONDS": "60",
            **env,
        }
        self.ports = [free_port(), free_port()]
        self.webs = [
            self._python(f"web{n}", "config.server", "-b", "127.0.0.1", "-p", str(port))
            for n, port in enumerate(self.ports)
        ]
        celery = ("celery", "-A", "config")
        self.worker = self._python("worker", *celery, "worker", "-c", "2", "-l", "INFO", "--without-mingle")
        self.beat = self._python("beat", *celery, "beat", "-s", str(folder / "schedule"), "--pidfile", "")
        self.processes = [*self.webs, self.worker, self.beat]

    def _python(self, name: str, module: str, *arguments: str) -> Process:
        return Process(name, sys.executable, "-m", module, *arguments, env=self._env, folder=self.folder)

    def start(self) -> None:
        for process in self.processes:
            process.start()
        for n in range(len(self.webs)):
            self.wait_for_web(n)
        self.wait_for_worker()

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        for process in reversed(self.processes):
            process.stop()

    def wait_for_web(self, n: int) -> None:
        def answers() -> bool:
            assert not self.webs[n].has_ended, self.logs()
            try:
                return httpx.get(f"{self.address(n)}/healthz", timeout=5).status_code == 200
            except httpx.TransportError:
                return False

        wait_until(answers, f"web{n} answers", START_SECONDS)

    def wait_for_worker(self, starts: int = 1) -> None:
        wait_until(lambda: self.worker.log.read_text().count(" ready.") >= starts, "the worker is ready", START_SECONDS)

    def restart_web(self, n: int) -> None:
        self.webs[n].stop()
        self.webs[n].start()
        self.wait_for_web(n)

    def revive(self) -> None:
        """Starts what has ended."""
        for n, web in enumerate(self.webs):
            if web.has_ended:
                self.restart_web(n)
        if self.worker.has_ended:
            self.restart_worker()

    def restart_worker(self) -> None:
        starts = self.worker.log.read_text().count(" ready.")
        self.worker.start()
        self.wait_for_worker(starts + 1)

    def address(self, web: int) -> str:
        return f"http://127.0.0.1:{self.ports[web]}"

    def guest(self, web: int = 0) -> Api:
        return self._api(web, None)

    def person(self, name: str, web: int = 0) -> Api:
        """One of the demo's accounts, signed in: customer, second, seller, approver, staff, admin."""
        if name not in self._tokens:
            sign_in = "mutation($e: String!, $p: String!) { tokenCreate(email: $e, password: $p) { accessToken } }"
            payload = self.guest(web)(sign_in, e=f"{name}@example.com", p=PASSWORD)["tokenCreate"]
            self._tokens[name] = payload["accessToken"]
        return self._api(web, self._tokens[name])

    def _api(self, web: int, token: str | None) -> Api:
        api = Api(self.address(web), token)
        self._clients.append(api.http)
        return api

    @contextlib.asynccontextmanager
    async def follow(
        self, subscription: str, *, web: int = 0, who: Api | None = None, **variables: Any
    ) -> AsyncIterator[Live]:
        """A subscription over a WebSocket of its own."""
        transport = WebsocketsTransport(
            url=self.socket_address(web),
            subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
            init_payload={"Authorization": f"Bearer {who.token}"} if who and who.token else {},
        )
        live = Live()
        async with Client(transport=transport) as session:
            request = gql(subscription)
            request.variable_values = variables
            collecting = asyncio.create_task(live.collect(session.subscribe(request)))
            # graphql-transport-ws has no answer that says "subscribed".
            await asyncio.sleep(1)
            try:
                yield live
            finally:
                collecting.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await collecting

    def socket_address(self, web: int) -> str:
        return f"ws://127.0.0.1:{self.ports[web]}/graphql"

    def variant(self, *, stock: int = 1000, position: int = 0, price: str = "20.00") -> str:
        """The global id of one of the demo's variants, of which so many are on hand at this price."""
        key = self.database.value("SELECT id FROM catalog_productvariant ORDER BY id OFFSET %s LIMIT 1", position)
        self.database.rows("UPDATE catalog_stocklevel SET on_hand = %s WHERE variant_id = %s", stock, key)
        self.database.rows("UPDATE catalog_productvariant SET price_amount = %s WHERE id = %s", price, key)
        return to_base64("ProductVariant", key)

    def events(self, number: str) -> list[tuple[int, str]]:
        """(seq, type) of every event of the order with this number, but for its documents: they come when they can."""
        return [event for event in self.history(number) if event[1] != "order.document_issued"]

    def history(self, number: str) -> list[tuple[int, str]]:
        """(seq, type) of really every event of the order with this number."""
        return self.database.rows(
            """SELECT seq, type FROM notifications_event
               WHERE subject_id = (SELECT id::text FROM ordering_order WHERE number = %s) ORDER BY seq""",
            number,
        )

    def wait_for_invoice(self, number: str) -> None:
        """Until the worker has issued it: from then on nothing happens to the order by itself."""
        wait_until(lambda: "order.document_issued" in dict(self.history(number)).values(), f"{number} has an invoice")

    def wait_for_event(self, number: str, type_: str) -> list[tuple[int, str]]:
        """The events of the order once this one is among them."""
        wait_until(lambda: type_ in dict(self.events(number)).values(), f"{number} has {type_}")
        return self.events(number)

    def emails_about(self, number: str) -> list[str]:
        """The texts of all e-mails that name this order."""
        texts = "".join(path.read_text() for path in sorted(self.emails.glob("*.log")))
        return [text for text in texts.split("-" * 79 + "\n") if number in text]

    def wait_until_dispatched(self, seconds: float = 30) -> None:
        """Until every event has been delivered and every e-mail sent."""
        events = "SELECT count(*) FROM notifications_event WHERE dispatched_at IS NULL"
        emails = "SELECT count(*) FROM notifications_notification WHERE user_id IS NULL AND emailed_at IS NULL"
        for statement in (events, emails):
            wait_until(lambda statement=statement: self.database.value(statement) == 0, f"{statement} is 0", seconds)

    def unexpected_errors(self) -> list[str]:
        """Lines of the web processes' logs that tell of a bug."""
        lines = [line for web in self.webs for line in web.log.read_text().splitlines()]
        return [line for line in lines if "Unexpected error" in line or "Internal Server Error" in line]

    def logs(self) -> str:
        """The end of each process's log."""
        return "\n".join(f"── {process.name}\n{process.log.read_text()[-6000:]}" for process in self.processes)


def environment(database_url: str, folder: Path) -> dict[str, str]:
    """A production's settings, on this machine alone."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONUNBUFFERED": "1",
        "DEBUG": "0",
        "SECRET_KEY": SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
        "SECURE_SSL_REDIRECT": "0",
        "SANDBOX_PAYMENTS": "1",
        "DATABASE_URL": database_url,
        # Four slashes: with three the folder would be relative.
        "EMAIL_URL": f"filemail:///{folder / 'emails'}",
        "SHOP_URL": "http://127.0.0.1",
        "MEDIA_ROOT": str(folder / "media"),
        "PRIVATE_ROOT": str(folder / "private"),
    }
