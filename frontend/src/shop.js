// A small product picker, and checkout with a key that makes asking twice harmless.

import { mutate, request } from "./api.js";
import { announce, el, errorLine, field, fill, price, whileBusy } from "./dom.js";

const LARGE_ORDER = 500;
const RETRIES_MS = [1_000, 2_000, 4_000];

const PRODUCTS = `query BoardProducts($first: Int!, $ordering: [ProductOrdering!]) {
  products(first: $first, filters: { inStock: true }, ordering: $ordering) {
    edges {
      node {
        id name
        images { url alt }
        variants { id name price { amount currency } quantityAvailable }
      }
    }
  }
}`;
const CART_CREATE = `mutation BoardCart($lines: [CartLineInput!]!) {
  cartCreate(input: { lines: $lines }) { cart { id } userErrors { code message retryable } }
}`;
const CHECKOUT = `mutation BoardCheckout($cartId: ID!, $idempotencyKey: String!, $input: CheckoutInput!) {
  checkoutComplete(cartId: $cartId, idempotencyKey: $idempotencyKey, input: $input) {
    order { id number status }
    userErrors { code message retryable }
  }
}`;
const PAYMENTS = [
  ["tok_ok", "Card that works"],
  ["tok_declined", "Card that is declined"],
  ["tok_review", "Card that needs a review"],
];

export function mountShop({ me, onOrdered }) {
  const list = el("ul", { class: "products" });
  const loadError = errorLine();
  const error = errorLine();
  const sum = el("p", { class: "sum", role: "status" });
  const payment = el(
    "select",
    { "data-testid": "payment-token" },
    PAYMENTS.map(([token, label]) => el("option", { value: token }, label)),
  );
  const place = el(
    "button",
    { type: "button", class: "button button-primary", "data-testid": "place-order", onclick: () => whileBusy(place, () => attempt(chosenLines)) },
    "Place order",
  );
  const placeLarge = el(
    "button",
    { type: "button", class: "button", "data-testid": "place-large-order", onclick: () => whileBusy(placeLarge, () => attempt(largeLines)) },
    "Order over 500.00",
  );

  // Nothing can be chosen before there is something to choose from.
  place.disabled = true;

  // Variant id → quantity; kept over reloads of the list.
  const chosen = new Map();
  let variants = new Map();

  async function reload() {
    try {
      const products = await fetchProducts(6);
      loadError.clear();
      if (variants.size === 0) place.disabled = false;
      variants = new Map(products.flatMap((product) => product.variants.map((variant) => [variant.id, variant])));
      if (chosen.size === 0) {
        const first = [...variants.values()].find((variant) => variant.quantityAvailable > 0);
        if (first) chosen.set(first.id, 1);
      }
      fill(list, products.map(productRow));
      showSum();
    } catch (failure) {
      loadError.show(failure);
    }
  }

  function productRow(product) {
    const preselected =
      product.variants.find(({ id }) => chosen.get(id) > 0) ??
      product.variants.find(({ quantityAvailable }) => quantityAvailable > 0) ??
      product.variants[0];
    if (!preselected) return null;
    const image = product.images[0];
    const select = el(
      "select",
      { "aria-label": `Variant of ${product.name}` },
      product.variants.map((variant) => el("option", { value: variant.id, disabled: variant.quantityAvailable === 0 }, variant.name || product.name)),
    );
    select.value = preselected.id;
    const amount = el("span", { class: "price" });
    const left = el("span", { class: "left" });
    const quantity = el("input", {
      type: "number", min: 0, step: 1, inputmode: "numeric", "aria-label": `Quantity of ${product.name}`,
    });

    function showVariant() {
      const variant = variants.get(select.value);
      amount.textContent = price(variant.price);
      left.textContent = variant.quantityAvailable > 0 ? `${variant.quantityAvailable} left` : "sold out";
      quantity.max = variant.quantityAvailable;
      quantity.value = chosen.get(variant.id) ?? 0;
    }
    function choose() {
      const most = variants.get(select.value).quantityAvailable;
      const wanted = Math.max(0, Math.min(most, Math.trunc(Number(quantity.value) || 0)));
      for (const { id } of product.variants) chosen.delete(id);
      if (wanted > 0) chosen.set(select.value, wanted);
      showSum();
    }
    select.addEventListener("change", () => {
      choose();
      showVariant();
    });
    quantity.addEventListener("input", choose);
    quantity.addEventListener("change", showVariant);
    const step = (by, sign, label) =>
      el("button", { type: "button", class: "step", "aria-label": `${label} ${product.name}`, onclick: () => {
        quantity.value = Number(quantity.value) + by;
        choose();
        showVariant();
      } }, sign);

    showVariant();
    return el(
      "li",
      { class: "product" },
      image ? el("img", { src: image.url, alt: image.alt, width: 56, height: 56, loading: "lazy" }) : el("span", { class: "no-image", "aria-hidden": "true" }, product.name.charAt(0)),
      el("div", { class: "product-name" }, el("b", {}, product.name), el("span", { class: "product-meta" }, amount, " · ", left)),
      product.variants.length > 1 ? select : null,
      el("div", { class: "stepper" }, step(-1, "−", "One less of"), quantity, step(1, "+", "One more of")),
    );
  }

  function showSum() {
    const items = [...chosen.values()].reduce((all, quantity) => all + quantity, 0);
    sum.textContent = items === 0 ? "Nothing chosen yet." : `${items} ${items === 1 ? "item" : "items"} chosen.`;
  }

  // An attempt whose answer got lost is kept: asked again with the same key, the same order comes back.
  let open = null;

  async function attempt(linesOf) {
    error.clear();
    try {
      if (open && (open.linesOf !== linesOf || open.token !== payment.value)) open = null;
      open ??= { linesOf, token: payment.value, key: crypto.randomUUID(), cartId: null };
      const order = await complete(open);
      open = null;
      announce(`Order ${order.number} is placed: ${order.status}.`);
      await Promise.all([onOrdered(), reload()]);
    } catch (failure) {
      if (isUndecided(failure)) {
        error.show(new Error(`${failure.message} Press the button again: it asks for the same order, so nothing is ordered twice.`));
      } else {
        open = null;
        error.show(failure);
      }
    }
  }

  async function complete(open) {
    for (let tries = 0; ; tries += 1) {
      try {
        open.cartId ??= (await mutate(CART_CREATE, { lines: await open.linesOf() })).cart.id;
        const input = { email: me.email, shippingAddress: addressOf(me), payment: { gateway: "sandbox", token: open.token } };
        const { order } = await mutate(CHECKOUT, { cartId: open.cartId, idempotencyKey: open.key, input });
        return order;
      } catch (failure) {
        if (!(failure.lost || failure.retryable) || tries === RETRIES_MS.length) throw failure;
        error.show(new Error(`${failure.message} Asking again with the same key …`));
        await new Promise((resolve) => setTimeout(resolve, RETRIES_MS[tries]));
        error.clear();
      }
    }
  }

  async function chosenLines() {
    if (chosen.size === 0) throw new Error("Choose at least one product first.");
    return [...chosen].map(([variantId, quantity]) => ({ variantId, quantity }));
  }

  const node = el(
    "section",
    { class: "shop", "aria-labelledby": "shop-title" },
    el("header", { class: "section-head" }, el("h3", { id: "shop-title" }, "Shop")),
    loadError.line,
    list,
    el("div", { class: "checkout" }, sum, field("Payment", payment), el("div", { class: "buttons" }, place, placeLarge), error.line),
    el("p", { class: "hint" }, "Orders of more than 500.00 wait for an approver."),
  );
  return { node, reload, stop() {} };
}

// It may have been ordered: of these answers nobody can tell.
const isUndecided = (failure) => failure.lost || failure.retryable || failure.code === "INTERNAL";

const addressOf = (me) => ({
  fullName: me.fullName || "Demo Customer",
  line1: "1 Market Street",
  city: "Berlin",
  postalCode: "10115",
  country: "DE",
});

async function fetchProducts(first, ordering = null) {
  const { products } = await request(PRODUCTS, { first, ordering });
  return products.edges.map(({ node }) => node);
}

/** The dearest goods in stock, as many as it takes. */
async function largeLines() {
  const products = await fetchProducts(10, [{ price: "DESC" }]);
  const lines = [];
  let missing = LARGE_ORDER + 1;
  for (const variant of products.flatMap((product) => product.variants)) {
    const each = Number(variant.price.amount);
    const quantity = Math.min(variant.quantityAvailable, Math.ceil(missing / each));
    if (quantity < 1 || each <= 0) continue;
    lines.push({ variantId: variant.id, quantity });
    missing -= quantity * each;
    if (missing <= 0) return lines;
  }
  throw new Error("There is not enough in stock for an order of more than 500.00.");
}
