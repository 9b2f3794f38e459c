"""The pages for people: they are there, they are safe, and nothing of the demo shows on a real shop."""

import pytest

pytestmark = pytest.mark.django_db


ACCOUNT_PAGES = ["/verify-email", "/reset-password", "/change-email", "/stock-alert", "/cart"]


@pytest.mark.parametrize("address", ["/", "/graphql", *ACCOUNT_PAGES])
def test_a_page_runs_scripts_of_this_server_only(client, monkeypatch, address):
    monkeypatch.setattr("schema.views._is_built", lambda bundle: True)

    page = client.get(address, headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert "script-src 'self';" in page["Content-Security-Policy"]


def test_without_the_build_graphiql_is_the_librarys_own(client, monkeypatch):
    monkeypatch.setattr("schema.views._is_built", lambda bundle: False)

    page = client.get("/graphql", headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert "unpkg.com" in page.text


def test_without_the_build_the_page_says_how_to_get_the_board(client, monkeypatch):
    monkeypatch.setattr("schema.views._is_built", lambda bundle: False)

    page = client.get("/")

    assert "Node" in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize(
    ("address", "mutation"),
    [
        ("/verify-email", "accountVerifyEmail"),
        ("/reset-password", "passwordReset"),
        ("/change-email", "emailChange"),
        ("/stock-alert", "stockAlertDelete"),
        ("/cart", "<code>cart</code>"),
    ],
)
def test_without_the_build_the_page_of_a_link_says_which_mutation_takes_its_token(
    client, monkeypatch, address, mutation
):
    monkeypatch.setattr("schema.views._is_built", lambda bundle: False)

    page = client.get(address)

    assert mutation in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("address", ACCOUNT_PAGES)
def test_the_page_of_a_link_is_only_read(client, address):
    assert client.post(address).status_code == 405


def test_the_demos_accounts_are_shown_in_development_only(client, settings):
    settings.DEBUG = False
    on_a_real_shop = client.get("/").text
    settings.DEBUG = True
    in_development = client.get("/").text

    assert "demo-password" not in on_a_real_shop
    assert "demo-password" in in_development


def test_the_schema_can_be_read_without_a_query(client):
    answer = client.get("/schema.graphql")

    assert "type Query {" in answer.text


def test_a_load_balancer_hears_that_the_process_serves(client):
    assert client.get("/healthz").text == "ok"
