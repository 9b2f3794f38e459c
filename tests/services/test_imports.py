"""Large imports by a real worker: followed live, survived when it is killed, and in little memory."""

import asyncio
import json
import subprocess
import sys

import pytest

from tests.services.stack import ROOT, environment, wait_until

pytestmark = pytest.mark.services

IMPORT = "mutation($file: Upload!) { productsImport(file: $file) { job { id } userErrors { message } } }"
PROGRESS = "subscription($id: ID!) { jobProgress(id: $id) { status total done message counts { created unchanged } } }"
EXPORT = "mutation { productsExport(format: JSON_LINES) { job { id } userErrors { message } } }"
JOB = "query($id: ID!) { job(id: $id) { status resultUrl counts { exported } } }"
WRITTEN = "SELECT count(*) FROM catalog_product WHERE starts_with(slug, 'killed-')"
# Imports so many products, and says how many MB more the process has needed for it at most than for a few.
MEASURE = """
import resource, sys
import django
django.setup()
from django.core.management import call_command
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
call_command("import_products", sys.argv[1])
before = peak()
call_command("import_products", sys.argv[2])
print("MB", peak() - before)
"""


@pytest.fixture(scope="module")
def stack(redis_url, start_stack):
    settings = "tests.services.stack_settings"
    with start_stack("imports", broker=redis_url, redis_url=redis_url, DJANGO_SETTINGS_MODULE=settings) as stack:
        yield stack


def csv_of(count, prefix):
    """A file of so many products with two variants each."""
    lines = ["Handle,Title,Body (HTML),Option1 Name,Option1 Value,Variant SKU,Variant Inventory Qty,Variant Price"]
    text = "Made with care. " * 20
    for n in range(count):
        lines.append(f"{prefix}-{n},{prefix} {n},<p>{text}</p>,Size,S,{prefix}-{n}-S,5,12.50")
        lines.append(f"{prefix}-{n},,,,L,{prefix}-{n}-L,7,14.00")
    return "\n".join(lines).encode()


def upload(api, content):
    form = {
        "operations": json.dumps({"query": IMPORT, "variables": {"file": None}}),
        "map": json.dumps({"0": ["variables.file"]}),
    }
    answer = api.http.post("/graphql", data=form, files={"0": ("products.csv", content)}).json()
    payload = answer["data"]["productsImport"]
    assert payload["userErrors"] == []
    return payload["job"]["id"]


async def test_an_import_whose_worker_is_killed_is_brought_to_an_end_and_followed_all_the_way(stack):
    admin = stack.person("admin")
    job = await asyncio.to_thread(upload, admin, csv_of(5000, "killed"))

    async with stack.follow(PROGRESS, web=1, who=admin, id=job) as followed:
        seen = [await followed.next(60)]
        while seen[-1]["done"] == 0:
            seen.append(await followed.next(60))
        await asyncio.to_thread(stack.worker.kill)
        written = stack.database.value(WRITTEN)
        assert 0 < written < 5000
        stack.database.rows("UPDATE catalog_job SET beat_at = beat_at - interval '2 minutes'")
        await asyncio.to_thread(stack.restart_worker)
        while seen[-1]["status"] not in ("DONE", "FAILED"):
            seen.append(await followed.next(90))

    assert (seen[-1]["status"], seen[-1]["total"], seen[-1]["done"]) == ("DONE", 5000, 5000), seen[-1]
    # What the first worker had written is as the file says already.
    assert seen[-1]["counts"] == {"created": 5000 - written, "unchanged": written}
    assert stack.database.value(WRITTEN) == 5000
    assert len({(each["status"], each["done"]) for each in seen}) > 5
    assert stack.unexpected_errors() == []


def test_an_export_is_downloaded_from_any_of_the_servers(stack):
    admin = stack.person("admin")
    payload = admin(EXPORT)["productsExport"]
    assert payload["userErrors"] == []

    def done():
        job = admin(JOB, id=payload["job"]["id"])["job"]
        return job if job["status"] == "DONE" else None

    job = wait_until(done, "the export is done", 120)

    path = job["resultUrl"].partition("/jobs/")[2]
    response = stack.guest(web=1).http.get(f"/jobs/{path}")
    assert response.headers["content-type"] == "application/jsonl; charset=utf-8"
    assert len(response.text.splitlines()) == job["counts"]["exported"] > 60
    assert stack.unexpected_errors() == []


def test_the_memory_of_an_import_does_not_grow_with_the_file(stack, tmp_path):
    few, many = tmp_path / "few.csv", tmp_path / "many.csv"
    few.write_bytes(csv_of(1000, "few"))
    many.write_bytes(csv_of(20_000, "many"))

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(few), str(many)],
        cwd=ROOT,
        env=environment(stack.database.url, tmp_path) | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    # A few bytes for each handle and SKU; the file itself has 18 MB, its rows as objects would have several times that.
    assert float(done.stdout.split("MB ")[1]) < 25, done.stdout
