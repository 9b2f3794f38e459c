"""The pages behind the links in e-mails: opening one does nothing, pressing its button does, and it says what came.

That of a cart only shows it.
"""

import json
import re
import urllib.request
from itertools import count

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

PAGES = ["verify-email", "reset-password", "change-email", "stock-alert"]
PASSWORD = "correct horse battery"
STRONG = "a quite unlikely password"
REGISTER = """mutation($email: String!, $password: String!) {
  accountRegister(input: { email: $email, password: $password }) { userErrors { code } } }"""
VERIFY = "mutation($token: String!) { accountVerifyEmail(token: $token) { userErrors { code } } }"
REQUEST_RESET = "mutation($email: String!) { passwordResetRequest(email: $email) { userErrors { code } } }"
SIGN_IN = """mutation($email: String!, $password: String!) {
  tokenCreate(email: $email, password: $password) { accessToken userErrors { code } } }"""
REQUEST_CHANGE = """mutation($email: String!, $password: String!) {
  emailChangeRequest(newEmail: $email, password: $password) { userErrors { code } } }"""
CART = """mutation($lines: [CartLineInput!]!) {
  cartCreate(input: { lines: $lines }) { cart { id } userErrors { code } } }"""
CONTENTS = """query($id: ID!) { cart(id: $id) {
  lines { quantity unitPrice { amount currency } totalPrice { amount currency } variant { product { name } } }
  total { amount currency } } }"""

_numbers = count(1)


@pytest.fixture
def email(demo):
    """An address nobody has."""
    return f"person{next(_numbers)}.{demo.port}@example.com"


@pytest.fixture
def person(demo, email):
    """The address of somebody with an account."""
    send(demo, REGISTER, email=email, password=PASSWORD)
    send(demo, VERIFY, token=link_to(demo, email).partition("#token=")[2])
    return email


@pytest.fixture
def window(chromium):
    """A window of a narrow telephone. It may log no error."""
    context = chromium.new_context(viewport={"width": 360, "height": 640})
    page = context.new_page()
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    yield page
    context.close()
    assert problems == []


def send(demo, query, bearer=None, **variables):
    """The payload of a mutation that is not refused."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {bearer}"} if bearer else {})
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{demo.url}/graphql", body, headers)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        answer = json.load(response)
    assert "errors" not in answer, answer
    (payload,) = answer["data"].values()
    assert payload["userErrors"] == []
    return payload


def link_to(demo, address):
    """The link in the newest e-mail to an address, as a newcomer copies it from the demo's console."""
    printed = demo.log.read_text().split("Content-Type: multipart/alternative")
    newest = [message for message in printed if f"\nTo: {address}\n" in message][-1]
    text = newest.partition("Content-Type: text/plain")[2].partition("Content-Type: text/html")[0]
    (link,) = re.findall(r"^http\S+#token=\S+$", text, re.MULTILINE)
    return link


def press(page):
    page.get_by_test_id("act").click()


def expect_done(page, sentence):
    """The sentence is there, is what a screen reader reads next, and leads on to the sign-in form."""
    expect(page.get_by_role("status")).to_have_text(sentence)
    expect(page.get_by_role("status")).to_be_focused()
    expect(page.get_by_role("button")).to_have_count(0)
    page.get_by_role("link", name="Sign in").click()


def expect_signing_in_to_work(page, email, password):
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_test_id("whoami")).to_have_text(email)


def test_a_registration_is_finished_by_the_button_and_the_person_signs_in(demo, window, email):
    send(demo, REGISTER, email=email, password=PASSWORD)

    window.goto(link_to(demo, email))
    expect(window.get_by_role("heading", name="Confirm your e-mail address")).to_be_visible()
    press(window)

    expect_done(window, f"The address {email} is confirmed, and your account is ready. You can sign in now.")
    expect_signing_in_to_work(window, email, PASSWORD)


def test_whoever_only_opens_a_link_does_not_use_it_up(demo, window, chromium, email):
    send(demo, REGISTER, email=email, password=PASSWORD)
    scanner = chromium.new_context().new_page()
    scanner.goto(link_to(demo, email))
    scanner.wait_for_load_state("networkidle")
    scanner.context.close()

    window.goto(link_to(demo, email))
    press(window)

    expect(window.get_by_role("status")).to_contain_text("is confirmed")


def test_a_link_that_was_used_says_what_to_do_and_offers_no_button(demo, window, person):
    window.goto(link_to(demo, person))
    press(window)

    expect(window.get_by_role("alert")).to_have_text("The link has expired or was used. Ask for a new one.")
    expect(window.get_by_role("button")).to_have_count(0)


def test_a_new_password_is_set_and_a_weak_one_refused_in_a_sentence(demo, window, person):
    send(demo, REQUEST_RESET, email=person)

    window.goto(link_to(demo, person))
    window.get_by_label("New password", exact=True).fill("12345678")
    press(window)

    expect(window.get_by_role("alert")).to_contain_text("too common")
    expect(window.get_by_label("New password", exact=True)).to_be_focused()

    window.get_by_label("New password", exact=True).fill(STRONG)
    window.get_by_label("New password", exact=True).press("Enter")

    expect_done(window, "The new password is set, and you were signed out everywhere. You can sign in with it now.")
    expect_signing_in_to_work(window, person, STRONG)


def test_a_new_password_can_be_looked_at(demo, window):
    window.goto(f"{demo.url}/reset-password#token=x")
    field = window.get_by_label("New password", exact=True)
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_attribute("autocomplete", "new-password")
    expect(field).to_have_accessible_description("At least 8 characters, not a common one, and not only digits.")

    window.get_by_label("Show the password").check()
    expect(field).to_have_attribute("type", "text")
    window.get_by_label("Show the password").uncheck()
    expect(field).to_have_attribute("type", "password")


def test_a_new_address_is_the_one_to_sign_in_with(demo, window, person):
    token = send(demo, SIGN_IN, email=person, password=PASSWORD)["accessToken"]
    new = f"new.{person}"
    send(demo, REQUEST_CHANGE, bearer=token, email=new, password=PASSWORD)

    window.goto(link_to(demo, new))
    press(window)

    expect_done(window, f"From now on you sign in with {new}.")
    expect_signing_in_to_work(window, new, PASSWORD)


@pytest.mark.parametrize("page", PAGES)
def test_the_token_leaves_the_address_and_reaches_no_server_but_in_the_mutation(demo, window, page):
    asked = []
    window.on("request", lambda request: asked.append(request))
    window.goto(f"{demo.url}/{page}#token=a-secret")
    expect(window.get_by_test_id("act")).to_be_visible()

    assert window.url == f"{demo.url}/{page}"
    assert not any("a-secret" in request.url or "a-secret" in str(request.headers) for request in asked)
    assert not any(request.method == "POST" for request in asked)
    window.go_back()
    window.go_forward()
    assert "a-secret" not in window.url


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_a_token_says_what_it_needs(demo, window, page):
    for address in (f"{demo.url}/{page}", f"{demo.url}/{page}#", f"{demo.url}/{page}#token="):
        window.goto("about:blank")
        window.goto(address)
        expect(window.get_by_test_id("result")).to_contain_text("Open the one in the newest e-mail you received.")
        expect(window.get_by_role("button")).to_have_count(0)


@pytest.mark.parametrize("page", PAGES)
def test_another_link_in_the_same_tab_is_another_attempt(demo, window, page):
    window.goto(f"{demo.url}/{page}")
    expect(window.get_by_test_id("act")).to_have_count(0)

    window.goto(f"{demo.url}/{page}#token=x")

    expect(window.get_by_test_id("act")).to_be_visible()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_javascript_says_so(demo, chromium, page):
    context = chromium.new_context(java_script_enabled=False)
    window = context.new_page()

    window.goto(f"{demo.url}/{page}#token=x")

    expect(window.get_by_text("This page needs JavaScript.")).to_be_visible()
    expect(window.get_by_role("button")).to_have_count(0)
    context.close()


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_narrow_telephone(demo, window, page):
    window.goto(f"{demo.url}/{page}#token=x")
    expect(window.get_by_test_id("act")).to_be_visible()

    assert window.evaluate("document.documentElement.scrollWidth") == 360


def test_an_answer_that_got_lost_is_said_and_the_button_can_be_pressed_again(demo, window, email):
    send(demo, REGISTER, email=email, password=PASSWORD)
    window.goto(link_to(demo, email))
    window.route("**/graphql", lambda route: route.fulfill(body="<html>"))
    press(window)
    expect(window.get_by_role("alert")).to_have_text("The server answered 200 and nothing that could be read.")
    expect(window.get_by_test_id("act")).to_be_focused()
    window.unroute("**/graphql")

    press(window)

    expect(window.get_by_role("status")).to_contain_text("is confirmed")


# ── A cart that was left ─────────────────────────────────────────────────────────────────────────────────────────────
def read(demo, query, **variables):
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(f"{demo.url}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
        return json.load(response)["data"]


def cart_of(demo, *quantities, bearer=None):
    """The id of a cart with so many of the first products."""
    products = read(demo, "{ products(first: 9, filters: {inStock: true}) { edges { node { variants { id } } } } }")
    variants = [edge["node"]["variants"][0]["id"] for edge in products["products"]["edges"]]
    lines = [{"variantId": id, "quantity": quantity} for id, quantity in zip(variants, quantities, strict=False)]
    return send(demo, CART, bearer=bearer, lines=lines)["cart"]["id"]


def shown_price(money):
    return f"{money['amount']} {money['currency']}"


def expect_cart(page, cart):
    """All its lines and the total, as the API says them."""
    lines = page.get_by_test_id("cart-line")
    expect(lines).to_have_count(len(cart["lines"]))
    for shown, line in zip(lines.all(), cart["lines"], strict=True):
        expect(shown).to_contain_text(line["variant"]["product"]["name"])
        expect(shown).to_contain_text(f"{line['quantity']} × {shown_price(line['unitPrice'])}")
        expect(shown.get_by_role("cell")).to_have_text(shown_price(line["totalPrice"]))
    expect(page.get_by_test_id("cart-total")).to_have_text(f"Total{shown_price(cart['total'])}")


def test_a_guests_cart_is_shown_with_what_it_costs_and_where_it_is_bought(demo, window):
    id = cart_of(demo, 1, 2)
    asked = []
    window.on("request", lambda request: asked.append(request))

    window.goto(f"{demo.url}/cart#id={id}")

    expect_cart(window, read(demo, CONTENTS, id=id)["cart"])
    expect(window.get_by_text("Checkout is the shop frontend's")).to_be_visible()
    assert window.url == f"{demo.url}/cart"
    assert not any(id in request.url or id in str(request.headers) for request in asked)
    assert window.evaluate("document.documentElement.scrollWidth") == 360


def test_a_customers_cart_is_shown_to_the_customer_alone(demo, window, person):
    token = send(demo, SIGN_IN, email=person, password=PASSWORD)["accessToken"]
    id = cart_of(demo, 3, bearer=token)

    window.goto(f"{demo.url}/cart#id={id}")
    expect(window.get_by_test_id("result")).to_have_text(
        "This cart is not there any more, or it is a customer's. Sign in to see your own."
    )
    window.get_by_label("E-mail").fill(person)
    window.get_by_label("Password").fill("wrong")
    press(window)
    expect(window.get_by_role("alert")).to_be_visible()
    window.get_by_label("Password").fill(PASSWORD)
    press(window)

    expect(window.get_by_test_id("cart-line")).to_contain_text("3 × ")


def test_a_cart_without_lines_says_so_and_a_link_that_is_none_what_it_needs(demo, window):
    window.goto(f"{demo.url}/cart#id={cart_of(demo)}")
    expect(window.get_by_test_id("result")).to_have_text("There is nothing in it any more.")

    for address in (f"{demo.url}/cart", f"{demo.url}/cart#id=", f"{demo.url}/cart#id=x"):
        window.goto("about:blank")
        window.goto(address)
        expect(window.get_by_test_id("result")).to_contain_text("Open the one in the newest e-mail you received.")


def test_a_cart_that_could_not_be_read_is_asked_for_again(demo, window):
    window.route("**/graphql", lambda route: route.fulfill(body="<html>"))
    window.goto(f"{demo.url}/cart#id={cart_of(demo, 1)}")
    expect(window.get_by_role("alert")).to_have_text("The server answered 200 and nothing that could be read.")
    window.unroute("**/graphql")

    press(window)

    expect(window.get_by_test_id("cart-line")).to_have_count(1)


def test_the_page_of_a_cart_without_javascript_says_so(demo, chromium):
    context = chromium.new_context(java_script_enabled=False)
    window = context.new_page()

    window.goto(f"{demo.url}/cart#id=x")

    expect(window.get_by_text("This page needs JavaScript.")).to_be_visible()
    context.close()
