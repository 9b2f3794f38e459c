// The developers' page: who is signed in, and which parts of the live board this person gets.

import "./live.css";
import { isSignedIn, request, signIn, signOut, whenSessionEnds } from "./api.js";
import { mountApprovals } from "./approvals.js";
import { el, errorLine, fill, whileBusy } from "./dom.js";
import { mountNotifications } from "./notifications.js";
import { mountOrders } from "./orders.js";
import { mountShop } from "./shop.js";
import { openSocket } from "./socket.js";

// Nothing announces a new order to staff, so while somebody looks the list is read again this often.
const POLL_MS = 5_000;
const DEMO_PASSWORD = "demo-password";
const ME = "query BoardMe { me { id email fullName isStaff roles } }";

const byId = (id) => document.getElementById(id);
const board = byId("board");
const person = byId("person");
const connection = byId("connection");
const form = byId("sign-in");
const signInError = errorLine();
form.append(signInError.line);

let leave = () => {};

function showConnection(state) {
  connection.textContent = state;
  connection.dataset.state = state;
}

async function enter() {
  leave();
  leave = () => {};
  if (!isSignedIn()) return showSignedOut();

  let me;
  try {
    ({ me } = await request(ME));
  } catch (failure) {
    if (isSignedIn()) retryEntering(failure);
    return;
  }
  if (!me) {
    await signOut();
    return showSignedOut();
  }
  signInError.clear();
  await showSignedIn(me);
}

// The page may be opened while the server restarts: the person stays signed in, the board comes when it can.
function retryEntering(failure) {
  form.hidden = false;
  signInError.show(failure);
  showConnection("reconnecting");
  const timer = setTimeout(enter, 2_000);
  leave = () => clearTimeout(timer);
}

function showSignedOut(sentence = null) {
  leave();
  leave = () => {};
  form.hidden = false;
  person.hidden = true;
  board.hidden = true;
  fill(board);
  showConnection("offline");
  markAccount(null);
  if (sentence) signInError.show(new Error(sentence));
}

async function showSignedIn(me) {
  form.hidden = true;
  person.hidden = false;
  byId("whoami").textContent = me.email;
  byId("roles").textContent = me.roles.join(", ");
  markAccount(me.email);
  showConnection("reconnecting");

  const parts = [];
  const reloadAll = () => Promise.all(parts.map((part) => part.reload()));
  const socket = openSocket({ onState: showConnection, onReturn: reloadAll });

  const decides = me.roles.some((role) => /approv/i.test(role));
  const isBuyer = !me.isStaff && !decides;
  const orders = mountOrders({ me, socket, isBuyer });
  parts.push(orders);
  const approvals = decides ? mountApprovals({ socket, onDecided: orders.reload }) : null;
  if (approvals) parts.push(approvals);
  const shop = isBuyer ? mountShop({ me, onOrdered: orders.reload }) : null;
  if (shop) parts.push(shop);
  parts.push(
    mountNotifications({
      socket,
      bell: byId("bell"),
      count: byId("notification-count"),
      panel: byId("notifications"),
      onReceived: orders.reload,
    }),
  );

  board.className = isBuyer ? "board with-shop" : "board";
  fill(board, approvals?.node, shop?.node, orders.node);
  board.hidden = false;

  const poll = setInterval(() => {
    if (document.hidden || isBuyer) return;
    orders.reload();
    approvals?.reload();
  }, POLL_MS);
  leave = () => {
    clearInterval(poll);
    for (const part of parts) part.stop();
    socket.close();
  };
  await reloadAll();
}

function markAccount(email) {
  for (const button of document.querySelectorAll(".account")) {
    button.setAttribute("aria-pressed", String(button.dataset.email === email));
  }
}

async function become(email, password) {
  signInError.clear();
  try {
    if (isSignedIn()) await signOut();
    await signIn(email, password);
    await enter();
    const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    byId("board-title").scrollIntoView({ behavior: isCalm ? "auto" : "smooth" });
  } catch (failure) {
    showSignedOut(failure.message);
  }
}

// ── The page's own buttons ──

for (const item of document.querySelectorAll("#accounts [data-email]")) {
  const { email } = item.dataset;
  const button = el(
    "button",
    {
      type: "button",
      class: "account",
      "data-email": email,
      "data-testid": `sign-in-${email}`,
      "aria-pressed": "false",
      onclick: () =>
        whileBusy(button, async () => {
          form.elements.email.value = email;
          await become(email, DEMO_PASSWORD);
        }),
    },
    ...item.childNodes,
  );
  fill(item, button);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { email, password } = form.elements;
  whileBusy(form.querySelector("button"), async () => {
    await become(email.value.trim(), password.value);
    password.value = "";
  });
});

byId("sign-out").addEventListener("click", async () => {
  const done = signOut();
  showSignedOut();
  form.elements.email.focus();
  await done;
});

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = byId(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      button.textContent = "Copied";
      setTimeout(() => (button.textContent = "Copy"), 1_500);
    } catch {
      // Without a secure origin there is no clipboard: the text is selected to be copied by hand.
      getSelection().selectAllChildren(source);
    }
  });
}

whenSessionEnds(showSignedOut);
enter();
