"""Sessions in cookies, in a real browser: no script sees a token, and no page of another origin reads or acts."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

pytestmark = pytest.mark.browser

SIGN_IN = """mutation {
  tokenCreate(email: "second@example.com", password: "demo-password", transport: COOKIE) {
    accessToken refreshToken user { email } userErrors { code } } }"""
REFRESH = "mutation { tokenRefresh { accessToken userErrors { code } } }"
SIGN_OUT = "mutation { tokenRevoke { isRevoked } }"
ME = "{ me { email } }"
NOBODY = {"me": None}
SOMEBODY = {"me": {"email": "second@example.com"}}

# What a page gets for a request with cookies: data, the code of an error, or "unreadable".
POST = """async ([url, query]) => {
  try {
    const body = JSON.stringify({ query });
    const headers = { "Content-Type": "application/json" };
    const response = await fetch(url, { method: "POST", credentials: "include", headers, body });
    const { data, errors } = await response.json();
    return errors ? errors[0].extensions.code : data;
  } catch {
    return "unreadable";
  }
}"""
# The same as a form would send it, which asks nobody for leave before.
POST_AS_A_FORM = """async ([url, query]) => {
  const body = JSON.stringify({ query });
  const response = await fetch(url, { method: "POST", mode: "no-cors", credentials: "include", body });
  return response.type;
}"""
# What a socket without connectionParams hears first of somebody's notifications: an error, or nothing for a second.
FOLLOW = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url.replace("http", "ws") + "/graphql", "graphql-transport-ws");
  const say = (message) => socket.send(JSON.stringify(message));
  const query = "subscription { notificationReceived { id } }";
  const end = (outcome) => { resolve(outcome); socket.close(); };
  socket.onopen = () => say({ type: "connection_init" });
  socket.onclose = (event) => end(event.code);
  socket.onmessage = ({ data }) => {
    const { type, payload } = JSON.parse(data);
    if (type === "connection_ack") {
      say({ id: "1", type: "subscribe", payload: { query } });
      setTimeout(() => end("follows"), 1000);
    } else end((payload.errors ?? payload)[0].extensions.code);
  };
})"""
# Resolves with the code the socket is closed with.
CLOSED = """(url) => new Promise((resolve) => {
  const socket = new WebSocket(url.replace("http", "ws") + "/graphql", "graphql-transport-ws");
  socket.onopen = () => socket.send(JSON.stringify({ type: "connection_init" }));
  socket.onmessage = () => { window.isAcknowledged = true; };
  socket.onclose = (event) => resolve(event.code);
})"""

# Playwright's own waiting evaluates text in the page, which the page's policy forbids.
ACKNOWLEDGED = """async () => {
  while (!window.isAcknowledged) await new Promise((resolve) => setTimeout(resolve, 20));
}"""


class _EmptyPage(BaseHTTPRequestHandler):
    """A page of somebody else's, with no policy that would keep its scripts from asking anywhere."""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def elsewhere():
    """The port of another server on this machine."""
    server = ThreadingHTTPServer(("", 0), _EmptyPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture(params=["localhost", "127.0.0.1"])
def shop(demo, request):
    """The demo under both names of this machine: browsers keep Secure cookies of either without TLS."""
    return f"http://{request.param}:{demo.port}"


@pytest.fixture
def page(chromium, shop):
    """A page of the shop, signed in with cookies."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{shop}/")
    answer = ask(page, shop, SIGN_IN)["tokenCreate"]
    assert answer == {
        "accessToken": None,
        "refreshToken": None,
        "user": {"email": "second@example.com"},
        "userErrors": [],
    }
    yield page
    context.close()


def ask(page, shop, query):
    return page.evaluate(POST, [f"{shop}/graphql", query])


def test_the_browser_keeps_both_cookies_and_shows_them_to_no_script(page, shop):
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}

    assert set(cookies) == {"__Host-nexus-access", "__Host-nexus-refresh"}
    for cookie in cookies.values():
        assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"], cookie["path"]) == (True, True, "Lax", "/")
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("Object.keys(localStorage).concat(Object.keys(sessionStorage))") == []


def test_a_page_goes_on_signed_in_until_it_signs_out(page, shop):
    assert ask(page, shop, ME) == SOMEBODY
    page.reload()
    assert ask(page, shop, ME) == SOMEBODY
    before = page.context.cookies()
    assert ask(page, shop, REFRESH) == {"tokenRefresh": {"accessToken": None, "userErrors": []}}
    assert not {cookie["value"] for cookie in before} & {cookie["value"] for cookie in page.context.cookies()}
    assert ask(page, shop, ME) == SOMEBODY

    assert ask(page, shop, SIGN_OUT) == {"tokenRevoke": {"isRevoked": True}}

    assert page.context.cookies() == []
    assert ask(page, shop, ME) == NOBODY


def test_a_socket_of_the_page_is_signed_in_and_closed_with_the_session(page, shop):
    assert page.evaluate(FOLLOW, shop) == "follows"

    page.evaluate(f"(url) => {{ window.closedWith = ({CLOSED})(url); }}", shop)
    page.evaluate(ACKNOWLEDGED)
    ask(page, shop, SIGN_OUT)

    assert page.evaluate("window.closedWith") == 4401
    assert page.evaluate(FOLLOW, shop) == "UNAUTHENTICATED"


@pytest.mark.parametrize("is_same_site", [True, False], ids=["another port", "another site"])
def test_a_page_of_another_origin_neither_reads_nor_acts(page, shop, elsewhere, is_same_site):
    """To the browser another port is the same site, so it sends the cookies: the Origin header is what protects."""
    host = shop.removeprefix("http://").partition(":")[0]
    other = host if is_same_site else {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}[host]
    stranger = page.context.new_page()
    stranger.goto(f"http://{other}:{elsewhere}/")
    sent = []
    network = page.context.new_cdp_session(stranger)
    network.send("Network.enable")
    network.on("Network.requestWillBeSentExtraInfo", lambda request: sent.append(request["headers"].get("Cookie", "")))

    assert ask(stranger, shop, ME) == "unreadable"
    assert ask(stranger, shop, SIGN_OUT) == "unreadable"
    assert stranger.evaluate(POST_AS_A_FORM, [f"{shop}/graphql", SIGN_OUT]) == "opaque"
    assert stranger.evaluate(FOLLOW, shop) == "UNAUTHENTICATED"

    assert any("__Host-nexus-access" in cookies for cookies in sent) is is_same_site
    assert ask(page, shop, ME) == SOMEBODY
    assert page.evaluate(FOLLOW, shop) == "follows"


def test_a_form_of_another_site_does_not_act(page, shop, elsewhere):
    """A form may be sent anywhere, with the page following it; no cookie of Lax goes along with a POST."""
    host = {"localhost": "127.0.0.1", "127.0.0.1": "localhost"}[shop.removeprefix("http://").partition(":")[0]]
    stranger = page.context.new_page()
    stranger.goto(f"http://{host}:{elsewhere}/")

    stranger.evaluate(
        """([url, query]) => {
          const form = Object.assign(document.createElement("form"), { method: "POST", action: url });
          form.enctype = "text/plain";
          const input = document.createElement("input");
          input.name = `{"query": "${query}", "rest": "`;
          input.value = '"}';
          form.append(input);
          document.body.append(form);
          form.submit();
        }""",
        [f"{shop}/graphql", SIGN_OUT],
    )
    stranger.wait_for_url(f"{shop}/graphql")

    assert ask(page, shop, ME) == SOMEBODY
