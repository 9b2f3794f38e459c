"""`python -m config.server`: a body that is too large is refused while it comes, and costs no memory."""

import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from django.conf import settings

pytestmark = pytest.mark.embedded

MEGABYTE = b"x" * 1024**2
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"
JSON = b"Content-Type: application/json\r\n"


class Server:
    def __init__(self, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        env = {**os.environ, "DEBUG": "1", "DATABASE_URL": f"sqlite:///{folder / 'nothing.sqlite3'}"}
        command = [sys.executable, "-m", "config.server", "--bind", "127.0.0.1", "--port", str(self.port)]
        self.process = subprocess.Popen(
            [*command, "--verbosity", "0"], cwd=settings.BASE_DIR, env=env, stderr=subprocess.DEVNULL
        )

    @property
    def address(self):
        return f"http://127.0.0.1:{self.port}"

    def wait(self):
        end = time.monotonic() + 60
        while True:
            try:
                return httpx.get(f"{self.address}/healthz")
            except httpx.TransportError:
                assert time.monotonic() < end
                assert self.process.poll() is None
                time.sleep(0.1)

    @property
    def peak(self):
        """The most memory it ever had, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def sent(self, headers, pieces):
        """(status, code, connection) of the answer to these pieces of a body, as many of them as it takes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + b"\r\n")
            try:
                for piece in pieces:
                    client.sendall(piece)
            except OSError:
                pass
            head, _, body = client.recv(65536).partition(b"\r\n\r\n")
        (error,) = json.loads(body)["errors"]
        return int(head.split()[1]), error["extensions"]["code"], b"Connection: close" in head


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    try:
        server.wait()
        yield server
    finally:
        server.process.terminate()
        server.process.wait(20)


def test_a_body_of_two_gigabytes_is_refused_by_its_header(server):
    before = server.peak

    assert server.sent(FORM + b"Content-Length: 2147483648\r\n", []) == (413, "BAD_USER_INPUT", True)
    assert server.sent(FORM + b"Expect: 100-continue\r\nContent-Length: 2147483648\r\n", []) == (
        413,
        "BAD_USER_INPUT",
        True,
    )
    assert server.sent(FORM + b"Content-Length: 2147483648\r\n", [MEGABYTE] * 300) == (413, "BAD_USER_INPUT", True)
    assert server.peak - before < 30


def test_a_body_that_does_not_say_how_long_it_is_is_refused_when_it_is_too_long(server):
    before = server.peak
    chunk = b"100000\r\n" + MEGABYTE + b"\r\n"

    assert server.sent(FORM + b"Transfer-Encoding: chunked\r\n", [chunk] * 300) == (413, "BAD_USER_INPUT", True)
    assert server.peak - before < 30


def test_a_body_without_files_is_refused_sooner(server):
    assert server.sent(JSON + b"Content-Length: 3000000\r\n", [MEGABYTE] * 3) == (413, "BAD_USER_INPUT", True)


def test_a_form_is_not_read_by_the_server_itself(server):
    """Nor is one that is no form: what may come is in memory once, not ten times, and answered by us."""
    before = server.peak

    answer = server.sent(FORM + b"Content-Length: %d\r\n" % (100 * 1024**2), [MEGABYTE] * 100)

    assert answer == (401, "UNAUTHENTICATED", False)
    assert server.peak - before < 200


def test_others_are_served_meanwhile_and_afterwards(server):
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        client.sendall(b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\n" + FORM + b"Content-Length: 2147483648\r\n\r\n")

        answer = httpx.post(f"{server.address}/graphql", json={"query": "{ __typename }"})

    assert answer.json() == {"data": {"__typename": "Query"}}
