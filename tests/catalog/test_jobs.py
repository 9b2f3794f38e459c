"""Imports and exports in the background: begun, followed, taken up again, ended, cleared away."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from channels.db import database_sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.utils import timezone

from catalog import models, tasks
from catalog.services import job_runs
from catalog.services import jobs as services
from notifications.models import Event
from tests.conftest import Api, gid, make_product, make_user, socket

pytestmark = pytest.mark.django_db

JOB = "job { id kind status total done message reportUrl resultUrl finishedAt counts { created refused problems } }"
IMPORT = f"""mutation($file: Upload!, $format: ProductFileFormat! = SHOPIFY_CSV, $policy: ImportPolicy! = SKIP_BAD) {{
  productsImport(file: $file, format: $format, policy: $policy) {{
    {JOB} userErrors {{ code field message retryable }}
  }}
}}"""
EXPORT = f"""mutation($format: ProductFileFormat! = SHOPIFY_CSV, $filters: ManagedProductFilters) {{
  productsExport(format: $format, filters: $filters) {{ {JOB} userErrors {{ code field message }} }}
}}"""
READ = f"query($id: ID!) {{ {JOB.replace('job {', 'job(id: $id) {', 1)} }}"
PROGRESS = "subscription($id: ID!) { jobProgress(id: $id) { status total done counts { created } } }"
GOOD = b"Handle,Title,Variant Price\nmug,Mug,1\nlamp,Lamp,2\n"
BAD = b"Handle,Title,Variant Price\nmug,Mug,1\nlamp,Lamp,=much\n"
LINE = json.dumps({"handle": "mug", "title": "Mug", "variants": [{"prices": [{"currency": "EUR", "amount": "1"}]}]})


@pytest.fixture(autouse=True)
def private(settings, tmp_path):
    """Where the files of jobs are."""
    folder = tmp_path / "private"
    backend = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(folder)}}
    settings.STORAGES = {**settings.STORAGES, "private": backend}
    return folder


@pytest.fixture
def keeper(db):
    return make_user("keeper@example.com", roles=("Merchandiser",), is_staff=True)


@pytest.fixture
def api(keeper):
    return Api(keeper)


@pytest.fixture
def sent(api, django_capture_on_commit_callbacks):
    """Sends a file and has the job done, as a worker would right after the commit; the payload."""

    def sent(content, who=None, **variables):
        who = who or api
        with django_capture_on_commit_callbacks(execute=True):
            return upload(who, content, **variables)

    return sent


def upload(api, content, **variables):
    form = {
        "operations": json.dumps({"query": IMPORT, "variables": {**variables, "file": None}}),
        "map": json.dumps({"0": ["variables.file"]}),
        "0": SimpleUploadedFile("products.csv", content),
    }
    answer = api.http.post("/graphql", form, headers={"Authorization": f"Bearer {api.token}"}).json()
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["productsImport"]


def export(api, capture, **variables):
    with capture(execute=True):
        payload = api(EXPORT, **variables)["productsExport"]
    assert payload["userErrors"] == []
    return api(READ, id=payload["job"]["id"])["job"]


def files(folder):
    return [path.name for path in Path(folder).rglob("*") if path.is_file()]


def waiting_job(owner, private, content=GOOD, **fields):
    """A job nobody has begun."""
    (private / "jobs").mkdir(parents=True, exist_ok=True)
    (private / "jobs" / "source").write_bytes(content)
    options = {"format": "SHOPIFY_CSV", "policy": "SKIP_BAD"}
    return models.Job.objects.create(kind="IMPORT", owner=owner, source="jobs/source", **{"options": options, **fields})


# ── An import ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_a_file_is_imported_in_the_background(api, sent, private):
    payload = sent(GOOD)

    assert payload["userErrors"] == []
    assert (payload["job"]["status"], payload["job"]["total"]) == ("QUEUED", 0)
    job = api(READ, id=payload["job"]["id"])["job"]
    assert (job["kind"], job["status"], job["total"], job["done"]) == ("IMPORT", "DONE", 2, 2)
    assert job["counts"] == {"created": 2, "refused": 0, "problems": 0}
    assert (job["message"], job["reportUrl"]) == ("", None)
    assert job["finishedAt"]
    assert models.Product.objects.count() == 2
    assert files(private) == []
    assert Event.objects.filter(type__startswith="product").count() == 0


@pytest.mark.django_db(transaction=True)
def test_the_answer_shows_what_the_commit_has_done_already(api, settings):
    assert settings.CELERY_TASK_ALWAYS_EAGER

    imported = upload(api, GOOD)["job"]
    exported = api(EXPORT)["productsExport"]["job"]

    assert (imported["status"], imported["total"], imported["counts"]["created"]) == ("DONE", 2, 2)
    assert (exported["status"], exported["total"]) == ("DONE", 2)


def test_json_lines_are_imported_too(api, sent):
    payload = sent(LINE.encode(), format="JSON_LINES")

    assert api(READ, id=payload["job"]["id"])["job"]["counts"]["created"] == 1


def test_bad_rows_are_skipped_and_told_in_a_report(api, sent, private):
    payload = sent(BAD)

    job = api(READ, id=payload["job"]["id"])["job"]
    assert (job["status"], job["counts"]) == ("DONE", {"created": 1, "refused": 1, "problems": 1})
    assert models.Product.objects.get().slug == "mug"
    response = api.http.get(job["reportUrl"])
    assert b"".join(response.streaming_content).decode() == (
        "line,column,message\n"
        '3,Variant Price,"“=much” is not an amount. Write digits and at most one point, like 1299.50."\n'
    )
    assert response["Content-Disposition"].startswith('attachment; filename="report-')
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert (response["Cache-Control"], response["X-Content-Type-Options"]) == ("no-store", "nosniff")
    response.close()
    assert len(files(private)) == 1


def test_all_or_nothing_writes_nothing_if_anything_is_wrong(api, sent):
    payload = sent(BAD, policy="ATOMIC")

    job = api(READ, id=payload["job"]["id"])["job"]
    assert (job["status"], job["counts"]) == ("FAILED", {"created": 0, "refused": 2, "problems": 1})
    assert job["message"] == "Nothing was imported, because something is wrong: the report says what and where."
    assert job["reportUrl"]
    assert models.Product.objects.count() == 0


def test_all_or_nothing_takes_back_what_the_catalogue_refuses_late(api, sent):
    taken = make_product()
    sku = taken.variants.get().sku
    content = f"Handle,Title,Variant Price,Variant SKU,Vendor\nmug,Mug,1,M,New\nlamp,Lamp,2,{sku},New\n"

    payload = sent(content.encode(), policy="ATOMIC")

    job = api(READ, id=payload["job"]["id"])["job"]
    assert (job["status"], job["counts"]) == ("FAILED", {"created": 0, "refused": 2, "problems": 1})
    assert models.Product.objects.get() == taken
    assert not models.Vendor.objects.filter(name="New").exists()


def test_all_or_nothing_imports_a_file_in_which_nothing_is_wrong(api, sent):
    payload = sent(GOOD, policy="ATOMIC")

    job = api(READ, id=payload["job"]["id"])["job"]
    assert (job["status"], job["counts"]["created"], job["done"]) == ("DONE", 2, 2)
    assert models.Product.objects.count() == 2


def test_a_report_of_json_lines_is_json_lines(api, sent):
    payload = sent(LINE.replace('"1"', '"x"').encode(), format="JSON_LINES")

    response = api.http.get(api(READ, id=payload["job"]["id"])["job"]["reportUrl"])
    assert json.loads(b"".join(response.streaming_content)) == {
        "line": 1,
        "path": "variants.0.prices.0.amount",
        "message": "“x” is not an amount. Write digits and at most one point, like 1299.50.",
    }
    response.close()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b" \n", "The file is empty."),
        (
            b"PK\x03\x04",
            "The file is a ZIP archive or a workbook. Unpack it, or save it as “CSV UTF-8”, and import that.",
        ),
        (b"Handle\nm\xfcg\n", "The file is not UTF-8 (line 2). Export it again as “CSV UTF-8”."),
        (
            b"Title,Variant Price\nMug,1\n",
            "The file is no product CSV of Shopify's: its first line has no column “Handle”. "
            "Export the products again, with cells separated by commas.",
        ),
        (b"x" * 2_000_001, "The file has a line of more than 2000000 bytes, line 1."),
    ],
)
def test_what_is_no_such_file_is_refused_at_once_and_not_kept(sent, private, content, sentence):
    payload = sent(content)

    assert payload == {
        "job": None,
        "userErrors": [{"code": "FILE_INVALID", "field": ["file"], "message": sentence, "retryable": False}],
    }
    assert files(private) == []
    assert not models.Job.objects.exists()
    assert not Event.objects.exists()


def test_a_file_that_breaks_off_later_fails_with_the_reason(api, sent, private):
    payload = sent(GOOD + b'cup,"Cup,1\n')

    job = api(READ, id=payload["job"]["id"])["job"]
    assert job["status"] == "FAILED"
    assert job["message"].startswith("The file is no valid CSV: the row that begins on line 4")
    assert models.Product.objects.count() == 0
    assert files(private) == []


def test_a_file_that_is_too_large_is_refused(sent, settings, private):
    settings.MAX_IMPORT_BYTES = 10

    payload = sent(GOOD)

    assert [error["code"] for error in payload["userErrors"]] == ["FILE_TOO_LARGE"]
    assert files(private) == []


def test_an_unknown_format_is_refused_by_name(api):
    answer = api.send(IMPORT, file=None, format="XLSX")

    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_one_job_a_person_at_a_time(api, keeper, private, sent):
    waiting_job(keeper, private)

    payload = sent(GOOD)

    assert [(error["code"], error["retryable"]) for error in payload["userErrors"]] == [("JOB_IN_PROGRESS", True)]
    assert models.Job.objects.count() == 1
    assert files(private) == ["source"]
    other = Api(make_user(roles=("Merchandiser",), is_staff=True))
    assert sent(GOOD, other)["userErrors"] == []


# ── An export ────────────────────────────────────────────────────────────────────────────────────────────────────────
def test_products_are_exported_in_the_background(api, django_capture_on_commit_callbacks):
    make_product("Mug", attributes={"material": "clay"}, tags=["blue"])
    make_product("Lamp", attributes={"material": "tin"}, tags=["blue"])
    filters = {"status": "ACTIVE", "maxPrice": "20.00", "tags": ["blue"], "createdAfter": "2020-01-01T00:00:00Z"}
    filters["attributes"] = [{"name": "material", "value": "clay"}]

    job = export(api, django_capture_on_commit_callbacks, format="JSON_LINES", filters=filters)

    assert (job["kind"], job["status"], job["total"], job["done"]) == ("EXPORT", "DONE", 1, 1)
    response = api.http.get(job["resultUrl"])
    lines = b"".join(response.streaming_content).splitlines()
    response.close()
    assert [json.loads(line)["title"] for line in lines] == ["Mug"]
    assert response["Content-Disposition"].endswith('.jsonl"')


def test_what_an_export_leaves_out_is_in_its_report(api, django_capture_on_commit_callbacks):
    product = make_product()
    product.variants.update(is_active=False)
    make_product().variants.update(name="0")

    job = export(api, django_capture_on_commit_callbacks)

    counts = api("query($id: ID!) { job(id: $id) { counts { exported skipped problems } } }", id=job["id"])
    assert counts == {"job": {"counts": {"exported": 1, "skipped": 1, "problems": 2}}}
    response = api.http.get(job["reportUrl"])
    assert b"".join(response.streaming_content).decode().splitlines() == [
        "handle,message",
        f'{product.slug},"It has no active variant, and a row of the CSV needs a price."',
        ",Publication dates of 1 product are not in the file: Shopify's CSV has no place for them. JSON Lines has.",
    ]
    response.close()


def test_a_filter_nobody_can_read_starts_nothing(api):
    payload = api(EXPORT, filters={"minPrice": "3", "maxPrice": "2"})["productsExport"]

    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [
        ("INVALID", ["filters", "min_price"])
    ]
    assert not models.Job.objects.exists()


# ── Whose it is ──────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize("roles", [(), ("Seller",), ("Support",)])
def test_who_may_not_keep_all_products_can_neither_import_nor_export(roles):
    somebody = Api(make_user(roles=roles))

    assert somebody.code(EXPORT) == "FORBIDDEN"
    assert not models.Job.objects.exists()


def test_jobs_are_seen_by_whom_they_belong_to(api, keeper, private):
    mine = waiting_job(keeper, private)
    other = Api(make_user(roles=("Merchandiser",), is_staff=True))

    assert api("{ jobs { totalCount edges { node { id } } } }")["jobs"] == {
        "totalCount": 1,
        "edges": [{"node": {"id": gid(mine)}}],
    }
    assert other("{ jobs { totalCount } }")["jobs"]["totalCount"] == 0
    assert other.code(READ, id=gid(mine)) == "NOT_FOUND"
    assert Api().code(READ, id=gid(mine)) == "UNAUTHENTICATED"


def test_a_link_holds_for_an_hour_and_only_for_its_file(api, sent):
    sent(BAD)
    job = models.Job.objects.get()
    address = f"/jobs/{services.link_token(job=job, which='report')}"

    assert api.http.get(f"{address}x").status_code == 404
    assert api.http.get(f"/jobs/{services.link_token(job=job, which='result')}").status_code == 404
    assert api.http.post(address).status_code == 405
    models.Job.objects.all().delete()
    assert api.http.get(address).status_code == 404


def test_who_lost_the_permission_meanwhile_imports_nothing(keeper, private):
    job = waiting_job(keeper, private)
    keeper.groups.clear()

    job_runs.run(job_id=job.pk)

    job.refresh_from_db()
    assert (job.status, job.message) == ("FAILED", "You may no longer keep products.")
    assert not models.Product.objects.exists()


# ── A worker that dies ───────────────────────────────────────────────────────────────────────────────────────────────
def test_a_job_whose_worker_is_silent_is_taken_up_again(keeper, private):
    silent = timezone.now() - timedelta(minutes=2)
    job = waiting_job(keeper, private, status="RUNNING", started_at=silent, beat_at=silent, done=1)

    assert tasks.sweep_jobs() == 1

    job.refresh_from_db()
    assert (job.status, job.done, job.counts["created"]) == ("DONE", 2, 2)


def test_a_job_no_worker_heard_of_is_begun_by_the_sweep(keeper, private):
    job = waiting_job(keeper, private)
    assert tasks.sweep_jobs() == 0
    models.Job.objects.update(created_at=timezone.now() - timedelta(minutes=2))

    assert tasks.sweep_jobs() == 1

    job.refresh_from_db()
    assert job.status == "DONE"


def test_a_job_of_a_worker_that_lives_is_left_to_it(keeper, private):
    now = timezone.now()
    job = waiting_job(keeper, private, status="RUNNING", started_at=now, beat_at=now)

    job_runs.run(job_id=job.pk)

    assert tasks.sweep_jobs() == 0
    assert not models.Product.objects.exists()


def test_a_worker_that_was_given_up_writes_nothing_more(keeper, private, monkeypatch):
    job = waiting_job(keeper, private)
    claim = services.claim

    def claimed_by_two(**arguments):
        first = claim(**arguments)
        models.Job.objects.update(started_at=timezone.now() + timedelta(seconds=1))
        return first

    monkeypatch.setattr(services, "claim", claimed_by_two)
    job_runs.run(job_id=job.pk)

    job.refresh_from_db()
    assert (job.status, models.Product.objects.count()) == ("RUNNING", 0)
    assert files(private) == ["source"]


def test_a_job_that_brings_down_every_worker_is_ended(keeper, private):
    silent = timezone.now() - timedelta(minutes=2)
    options = {"format": "SHOPIFY_CSV", "policy": "SKIP_BAD", "attempts": services.ATTEMPTS}
    job = waiting_job(keeper, private, status="RUNNING", started_at=silent, beat_at=silent, options=options)

    tasks.sweep_jobs()

    job.refresh_from_db()
    assert (job.status, job.message[:30]) == ("FAILED", "Its worker was lost 3 times. W")
    assert job.finished_at
    assert tasks.sweep_jobs() == 0


def test_an_import_that_takes_too_long_is_ended(keeper, private, monkeypatch):
    monkeypatch.setattr(job_runs, "RUN_SECONDS", -1)
    job = waiting_job(keeper, private)

    job_runs.run(job_id=job.pk)

    job.refresh_from_db()
    assert job.status == "FAILED"
    assert "Split the file" in job.message


def test_a_bug_ends_the_job_without_telling_its_inside(keeper, private, monkeypatch):
    monkeypatch.setattr(job_runs, "import_products", lambda **_: 1 / 0)
    job = waiting_job(keeper, private)

    with pytest.raises(ZeroDivisionError):
        job_runs.run(job_id=job.pk)

    job.refresh_from_db()
    assert (job.status, job.message) == ("FAILED", "Something went wrong on our side. It was logged.")


def test_a_run_that_the_database_ends_is_tried_again(api, sent, monkeypatch):
    imported, ended = job_runs.import_products, []

    def ended_once(**arguments):
        if ended:
            return imported(**arguments)
        ended.append(True)
        raise OperationalError("deadlock detected")

    monkeypatch.setattr(job_runs, "import_products", ended_once)

    payload = sent(GOOD)

    job = api(READ, id=payload["job"]["id"])["job"]
    assert (job["status"], job["counts"]["created"]) == ("DONE", 2)
    assert models.Job.objects.get().options["attempts"] == 2


# ── Cleared away ─────────────────────────────────────────────────────────────────────────────────────────────────────
def test_old_jobs_go_with_their_files_and_running_ones_stay(keeper, private, sent):
    sent(BAD)
    waiting_job(keeper, private)
    assert tasks.purge_jobs() == 0
    models.Job.objects.update(created_at=timezone.now() - timedelta(days=31))

    assert tasks.purge_jobs() == 1

    assert files(private) == ["source"]
    assert models.Job.objects.get().status == "QUEUED"
    assert tasks.purge_jobs() == 0


# ── Live ─────────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db(transaction=True)
async def test_progress_is_told_until_the_job_is_done(settings, private):
    settings.LIVE_POLL_SECONDS = 60
    owner = await database_sync_to_async(make_user)(roles=("Merchandiser",), is_staff=True)
    job = await database_sync_to_async(waiting_job)(owner, private)

    async with socket(owner) as client:
        told = client.subscribe(PROGRESS, {"id": gid(job)})
        first = (await anext(told)).data["jobProgress"]
        await database_sync_to_async(job_runs.run)(job_id=job.pk)
        rest = [result.data["jobProgress"] async for result in told]

    assert first == {"status": "QUEUED", "total": 0, "done": 0, "counts": {"created": 0}}
    assert rest[-1] == {"status": "DONE", "total": 2, "done": 2, "counts": {"created": 2}}


@pytest.mark.django_db(transaction=True)
async def test_somebody_elses_job_cannot_be_followed(private):
    owner = await database_sync_to_async(make_user)(roles=("Merchandiser",), is_staff=True)
    job = await database_sync_to_async(waiting_job)(owner, private)
    stranger = await database_sync_to_async(make_user)(roles=("Administrator",), is_staff=True)

    async with socket(stranger) as client:
        result = await anext(client.subscribe(PROGRESS, {"id": gid(job)}))

    assert result.errors[0].extensions["code"] == "NOT_FOUND"
