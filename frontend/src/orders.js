// The orders as cards: status, money, a timeline that grows live, and the actions the API allows.

import { mutate, request } from "./api.js";
import { announce, el, errorLine, field, fill, flash, moment, outwardLink, price, whileBusy } from "./dom.js";

// Each shown order costs one subscription, so a tab shows no more than this.
const SHOWN = 10;

const ORDER = `
  id number status paymentStatus placedAt email
  customer { fullName }
  total { amount currency }
  lines { id productName variantName quantity }
  fulfillments { carrier trackingNumber trackingUrl createdAt }
  allowedActions { action isAllowed reason }
`;
const ORDERS = `query BoardOrders {
  orders(first: ${SHOWN}) { totalCount edges { node { ${ORDER} } } }
}`;
const ONE_ORDER = `query BoardOrder($id: ID!) { order(id: $id) { ${ORDER} } }`;
const EVENTS = `subscription BoardOrderEvents($orderId: ID!, $after: Int!) {
  orderEvents(orderId: $orderId, after: $after) { seq occurredAt message }
}`;

const sampleTracking = () => `JD01${Math.floor(Math.random() * 1e10).toString().padStart(10, "0")}`;

/** What each of the API's actions is called here, what it asks for, and the mutation it is. */
const ACTIONS = {
  CONFIRM: {
    label: "Confirm",
    mutation: "mutation Confirm($id: ID!) { orderConfirm(id: $id) { userErrors { code message retryable } } }",
  },
  PROCESS: {
    label: "Start work",
    mutation: "mutation Process($id: ID!) { orderProcess(id: $id) { userErrors { code message retryable } } }",
  },
  FULFILL: {
    label: "Ship",
    fields: () => [
      { name: "carrier", label: "Carrier", value: "DHL" },
      { name: "trackingNumber", label: "Tracking number", value: sampleTracking() },
    ],
    variables: (values) => ({ input: values }),
    mutation: `mutation Ship($id: ID!, $input: OrderFulfillInput) {
      orderFulfill(id: $id, input: $input) { userErrors { code message retryable } }
    }`,
  },
  DELIVER: {
    label: "Mark delivered",
    mutation: "mutation Deliver($id: ID!) { orderDeliver(id: $id) { userErrors { code message retryable } } }",
  },
  HOLD: {
    label: "Hold",
    fields: () => [{ name: "reason", label: "Reason", value: "", required: true }],
    mutation: `mutation Hold($id: ID!, $reason: String!) {
      orderHold(id: $id, reason: $reason) { userErrors { code message retryable } }
    }`,
  },
  RELEASE: {
    label: "Release",
    mutation: "mutation Release($id: ID!) { orderRelease(id: $id) { userErrors { code message retryable } } }",
  },
  CANCEL: {
    label: "Cancel",
    isDanger: true,
    fields: () => [{ name: "reason", label: "Reason", value: "", required: true }],
    mutation: `mutation Cancel($id: ID!, $reason: String!) {
      orderCancel(id: $id, reason: $reason) { userErrors { code message retryable } }
    }`,
  },
};

export function mountOrders({ me, socket, isBuyer }) {
  const list = el("div", { class: "cards" });
  const count = el("span", { class: "count" });
  const error = errorLine();
  const cards = new Map();
  let isFirst = true;
  let isStopped = false;

  async function reload() {
    const askedAt = performance.now();
    let orders;
    try {
      ({ orders } = await request(ORDERS));
    } catch (failure) {
      if (!isStopped) error.show(failure);
      return;
    }
    if (isStopped) return;
    error.clear();

    const shown = orders.edges.map(({ node }) => node);
    count.textContent = orders.totalCount > shown.length ? `newest ${shown.length} of ${orders.totalCount}` : "";
    for (const [id, card] of cards) {
      if (shown.some((order) => order.id === id)) continue;
      card.stop();
      cards.delete(id);
    }
    for (const order of shown) {
      const known = cards.get(order.id);
      if (known) {
        known.update(order, askedAt);
        continue;
      }
      const card = orderCard(order, askedAt, { me, socket });
      cards.set(order.id, card);
      if (!isFirst) {
        flash(card.node);
        announce(`New order ${order.number}: ${order.status}.`);
      }
    }
    // Moved only when the order differs, because moving a card would take the focus out of it.
    const wanted = shown.map(({ id }) => cards.get(id).node);
    if (wanted.length === 0) fill(list, empty(isBuyer));
    else if (wanted.some((node, index) => list.children[index] !== node) || list.children.length !== wanted.length) {
      for (const child of [...list.children]) if (!wanted.includes(child)) child.remove();
      wanted.forEach((node, index) => {
        if (list.children[index] !== node) list.insertBefore(node, list.children[index] ?? null);
      });
    }
    isFirst = false;
  }

  const node = el(
    "section",
    { class: "orders", "aria-labelledby": "orders-title" },
    el("header", { class: "section-head" }, el("h3", { id: "orders-title" }, isBuyer ? "Your orders" : "Orders"), count),
    error.line,
    list,
  );
  return {
    node,
    reload,
    stop() {
      isStopped = true;
      for (const card of cards.values()) card.stop();
    },
  };
}

function empty(isBuyer) {
  const hint = isBuyer ? "Place one, and watch it move." : "Place one as a customer in another tab.";
  return el("p", { class: "empty" }, `No orders to see yet. ${hint}`);
}

function orderCard(initial, initiallyAskedAt, { me, socket }) {
  const status = el("span", { class: "pill", "data-testid": "order-status" });
  const payment = el("span", { class: "pill pill-quiet", "data-testid": "payment-status" });
  const total = el("span", { class: "total" });
  const parcels = el("ul", { class: "parcels" });
  const timeline = el("ol", { class: "timeline", "aria-label": `What happened to order ${initial.number}` });
  const actions = el("div", { class: "actions" });
  const error = errorLine();
  const node = el(
    "article",
    { class: "card", "data-testid": "order-card", "data-number": initial.number, "aria-label": `Order ${initial.number}` },
    el("header", { class: "card-head" }, el("h4", {}, initial.number), total),
    el("p", { class: "pills" }, status, payment),
    el("p", { class: "about" }, summary(initial, me)),
    parcels,
    timeline,
    actions,
    error.line,
  );

  let order = null;
  let newest = 0;
  function update(next, askedAt) {
    // Answers may overtake each other; what was asked later is what is true.
    if (askedAt < newest) return;
    newest = askedAt;
    const before = order;
    order = next;
    show(status, next.status, before?.status);
    show(payment, next.paymentStatus, before?.paymentStatus);
    total.textContent = price(next.total);
    fill(parcels, next.fulfillments.map(parcel));
    parcels.hidden = next.fulfillments.length === 0;
    if (JSON.stringify(before?.allowedActions) !== JSON.stringify(next.allowedActions)) showActions();
    if (before && before.status !== next.status) {
      flash(node);
      announce(`Order ${next.number} is now ${next.status}.`);
    }
  }

  function show(pill, value, before) {
    if (value === before) return;
    pill.textContent = value;
    pill.dataset.value = value;
  }

  function showActions() {
    const inOrder = Object.keys(ACTIONS);
    const known = order.allowedActions
      .filter(({ action }) => ACTIONS[action])
      .toSorted((one, other) => inOrder.indexOf(one.action) - inOrder.indexOf(other.action));
    const allowed = known.filter(({ isAllowed }) => isAllowed);
    const refused = known.filter(({ isAllowed }) => !isAllowed);
    // The keyboard stays where it was when the button under it goes away.
    const hadFocus = actions.contains(document.activeElement);
    fill(
      actions,
      el("div", { class: "buttons" }, allowed.map(({ action }) => actionButton(action))),
      refused.length > 0 &&
        el(
          "details",
          { class: "refused" },
          el("summary", {}, allowed.length ? "Why not something else?" : "Why is there no button?"),
          el(
            "ul",
            {},
            refused.map(({ action, reason }) =>
              el("li", { "data-testid": `refused-${action}` }, el("b", {}, ACTIONS[action].label), ` ${reason ?? "is not possible now."}`),
            ),
          ),
        ),
    );
    if (hadFocus) actions.querySelector("button, summary")?.focus();
  }

  function actionButton(action) {
    const { label, fields, isDanger } = ACTIONS[action];
    const button = el(
      "button",
      {
        type: "button",
        class: isDanger ? "button button-danger" : "button",
        "data-testid": `action-${action}`,
        onclick: () => (fields ? ask(action) : whileBusy(button, () => perform(action, {}))),
      },
      label,
    );
    return button;
  }

  function ask(action) {
    error.clear();
    const { label, fields, isDanger } = ACTIONS[action];
    const inputs = fields().map(({ name, label: text, value, required }) => ({
      name,
      label: text,
      input: el("input", { name, value, required, maxlength: 100, autocomplete: "off", "data-testid": name }),
    }));
    const submit = el(
      "button",
      { class: isDanger ? "button button-danger" : "button button-primary", "data-testid": `submit-${action}` },
      isDanger ? `${label} the order` : label,
    );
    const form = el(
      "form",
      {
        class: "ask",
        onsubmit(event) {
          event.preventDefault();
          const values = Object.fromEntries(inputs.map(({ name, input }) => [name, input.value.trim()]));
          whileBusy(submit, () => perform(action, values));
        },
        onkeydown(event) {
          if (event.key === "Escape") back();
        },
      },
      inputs.map(({ label: text, input }) => field(text, input)),
      el("div", { class: "buttons" }, submit, el("button", { type: "button", class: "button button-plain", onclick: back }, "Back")),
    );
    fill(actions, form);
    inputs[0].input.focus();
  }

  function back() {
    error.clear();
    showActions();
  }

  async function perform(action, values) {
    const { mutation, variables = (given) => given } = ACTIONS[action];
    error.clear();
    try {
      await mutate(mutation, { id: order.id, ...variables(values) });
    } catch (failure) {
      error.show(failure);
    }
    // Also after a refusal or a lost answer: what is true now is on the server.
    await reread();
    if (actions.querySelector("form") && error.line.hidden) showActions();
  }

  // Events often come in twos and threes; one read after the last of them is enough.
  let rereading = null;
  let isAgain = false;
  function reread() {
    if (rereading) {
      isAgain = true;
      return rereading;
    }
    rereading = (async () => {
      do {
        isAgain = false;
        const askedAt = performance.now();
        const data = await request(ONE_ORDER, { id: initial.id }).catch(() => null);
        if (data?.order) update(data.order, askedAt);
      } while (isAgain);
    })().finally(() => {
      rereading = null;
    });
    return rereading;
  }

  // The cursor lives in the variables, so every re-subscription goes on after the last event seen.
  const variables = { orderId: initial.id, after: 0 };
  const openedAt = Date.now();
  let rereadTimer;
  const stop = socket.follow(EVENTS, variables, ({ orderEvents: event }) => {
    if (event.seq <= variables.after) return;
    variables.after = event.seq;
    const item = el(
      "li",
      { "data-testid": "event", "data-seq": event.seq },
      el("span", { class: "seq" }, String(event.seq)),
      moment(event.occurredAt),
      el("span", {}, event.message),
    );
    timeline.append(item);
    // The past is replayed when a card opens; only what comes later is news.
    if (Date.now() - openedAt > 2_000) flash(item);
    clearTimeout(rereadTimer);
    rereadTimer = setTimeout(reread, 60);
  }, error.show);

  update(initial, initiallyAskedAt);
  return {
    node,
    update,
    stop() {
      clearTimeout(rereadTimer);
      stop();
      node.remove();
    },
  };
}

function summary(order, me) {
  const goods = order.lines.map((line) => {
    const name = line.variantName && line.variantName !== line.productName ? `${line.productName} (${line.variantName})` : line.productName;
    return `${line.quantity} × ${name}`;
  });
  const by = me.isStaff ? [order.customer?.fullName || order.email, " · "] : [];
  return [...by, moment(order.placedAt), " · ", goods.join(", ")];
}

function parcel({ carrier, trackingNumber, trackingUrl }) {
  const name = [carrier, trackingNumber].filter(Boolean).join(" ") || "Sent";
  return el("li", {}, "Parcel: ", outwardLink(trackingUrl, name));
}
