// The page of a cart somebody left: what is in it, at the prices of now. Buying it is for the shop's own frontend.

import { isSignedIn, request, signIn } from "./api.js";
import { el, errorLine, field, fill, price, whileBusy } from "./dom.js";

const CART = `query LeftCart($id: ID!) {
  cart(id: $id) {
    lines {
      id quantity
      unitPrice { amount currency } totalPrice { amount currency }
      variant { name product { name } }
    }
    problems { message line { id } }
    priceBreakdown { kind label amount { amount currency } }
    total { amount currency }
  }
}`;

/** A guest's is for whoever has the link, a customer's for that customer: then it asks who is there. */
export async function showCart(place, id) {
  try {
    const { cart } = await request(CART, { id });
    fill(place, cart.lines.length ? contents(cart) : el("p", { "data-testid": "result" }, "There is nothing in it any more."), outlook());
  } catch (failure) {
    if (failure.code === "NOT_FOUND") askWhoIsThere(place, id);
    else if (failure.code === "BAD_USER_INPUT") fill(place, el("p", { "data-testid": "result" }, place.dataset.withoutToken));
    else offerAnotherAttempt(place, id, failure);
  }
}

function contents({ lines, problems, priceBreakdown, total }) {
  const steps = priceBreakdown.filter(({ kind }) => kind !== "GOODS" && kind !== "INCLUDED_TAX");
  return el(
    "table",
    { class: "cart", "data-testid": "cart" },
    el("caption", { class: "visually-hidden" }, "What is in the cart"),
    el("tbody", {}, lines.map((line) => lineRow(line, problems.filter((problem) => problem.line?.id === line.id)))),
    el("tfoot", {}, steps.map((step) => row(step.kind === "SHIPPING" ? `Shipping: ${step.label}` : step.label, step.amount)), row("Total", total, "cart-total")),
  );
}

function lineRow({ quantity, unitPrice, totalPrice, variant }, problems) {
  const named = variant.name && variant.name !== variant.product.name;
  return el(
    "tr",
    { "data-testid": "cart-line" },
    el(
      "th",
      { scope: "row" },
      named ? `${variant.product.name} (${variant.name})` : variant.product.name,
      el("small", {}, unitPrice ? `${quantity} × ${price(unitPrice)}` : `${quantity} ×`),
      problems.map(({ message }) => el("small", { class: "wrong" }, message)),
    ),
    el("td", {}, totalPrice ? price(totalPrice) : "–"),
  );
}

function row(label, amount, testid) {
  return el("tr", { "data-testid": testid }, el("th", { scope: "row" }, label), el("td", {}, price(amount)));
}

function outlook() {
  return el(
    "p",
    { class: "hint" },
    "This plain page only shows it. Checkout is the shop frontend's: it calls ",
    el("code", {}, "checkoutComplete"),
    ".",
  );
}

function askWhoIsThere(place, id) {
  const email = el("input", { type: "email", name: "email", autocomplete: "username", maxlength: "254" });
  const password = el("input", { type: "password", name: "password", autocomplete: "current-password", maxlength: "128" });
  const button = el("button", { class: "button button-primary", "data-testid": "act" }, "Sign in");
  const error = errorLine();
  const sentence = isSignedIn()
    ? "You are signed in, but this cart is not there any more, or not yours."
    : "This cart is not there any more, or it is a customer's. Sign in to see your own.";
  const form = el(
    "form",
    { class: "account-form", novalidate: true },
    el("p", { role: "status", "data-testid": "result" }, sentence),
    field("E-mail", email),
    field("Password", password),
    error.line,
    button,
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    error.clear();
    whileBusy(button, async () => {
      try {
        await signIn(email.value.trim(), password.value);
        await showCart(place, id);
      } catch (failure) {
        error.show(failure);
        password.focus();
      }
    });
  });
  fill(place, form);
}

function offerAnotherAttempt(place, id, failure) {
  const error = errorLine();
  error.show(failure);
  const button = el("button", { class: "button", "data-testid": "act", onclick: () => whileBusy(button, () => showCart(place, id)) }, "Try again");
  fill(place, error.line, el("p", {}, button));
}
