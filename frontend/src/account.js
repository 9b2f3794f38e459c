// The pages behind the links in e-mails: one button or one form, and what came of it; or a cart, which is only looked at.

import "./live.css";
import { mutate } from "./api.js";
import { showCart } from "./cart.js";
import { el, errorLine, field, fill, whileBusy } from "./dom.js";

// Nothing is sent before somebody presses the button: programs that look for harmful mail open its links, too, and each
// link works once.
const PAGES = {
  "verify-email": {
    button: "Confirm the address",
    mutation: `mutation VerifyEmail($token: String!, $password: String) {
      accountVerifyEmail(token: $token, password: $password) { user { email } userErrors { code message retryable } }
    }`,
    done: ({ user }) => `The address ${user.email} is confirmed, and your account is ready. You can sign in now.`,
  },
  "change-email": {
    button: "Use this address",
    mutation: `mutation ChangeEmail($token: String!) {
      emailChange(token: $token) { user { email } userErrors { code message retryable } }
    }`,
    done: ({ user }) => `From now on you sign in with ${user.email}.`,
  },
  "reset-password": {
    button: "Set the new password",
    mutation: `mutation ResetPassword($token: String!, $password: String!) {
      passwordReset(token: $token, password: $password) { isReset userErrors { code message retryable } }
    }`,
    done: () => "The new password is set, and you were signed out everywhere. You can sign in with it now.",
    asks: newPasswordField,
  },
  "stock-alert": {
    button: "Do not write to me",
    mutation: `mutation TakeBackStockAlert($token: String!) {
      stockAlertDelete(token: $token) { isDeleted userErrors { code message retryable } }
    }`,
    done: () => "Nobody will write to you about it.",
    next: { label: "To the shop", href: "/" },
  },
  cart: { key: "id", show: showCart },
};

const place = document.getElementById("account");
const page = PAGES[place.dataset.page];
// What the button will do; once there is no button any more it would mislead.
const lead = document.getElementById("lead");

/** The token (of a cart its id) in the address, which then leaves it: no history, bookmark or screenshot keeps it. */
function takeToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get(page.key ?? "token");
  if (location.hash) history.replaceState(null, "", location.pathname);
  return token?.trim() || null;
}

/** The one this account is to be opened with: asked for when there is more than one registration. */
function passwordField() {
  const input = el("input", { type: "password", name: "password", autocomplete: "current-password", maxlength: "128" });
  return { input, parts: [field("The password you registered with", input)] };
}

function newPasswordField() {
  const input = el("input", {
    type: "password",
    name: "password",
    autocomplete: "new-password",
    maxlength: "128",
    "aria-describedby": "password-rules",
  });
  const shown = el("input", { type: "checkbox" });
  shown.addEventListener("change", () => {
    input.type = shown.checked ? "text" : "password";
  });
  const parts = [
    field("New password", input),
    el("p", { id: "password-rules", class: "hint" }, "At least 8 characters, not a common one, and not only digits."),
    el("label", { class: "check" }, shown, "Show the password"),
  ];
  return { input, parts };
}

function showForm(token, password = page.asks?.()) {
  const button = el("button", { class: "button button-primary", "data-testid": "act" }, page.button);
  const error = errorLine();
  const form = el("form", { class: "account-form", novalidate: true }, password?.parts, error.line, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    error.clear();
    whileBusy(button, async () => {
      try {
        const variables = { token, ...(password && { password: password.input.value }) };
        showDone(page.done(await mutate(page.mutation, variables, { anonymous: true })));
      } catch (failure) {
        error.show(failure);
        // A link that is used up or too old stays so; everything else can be tried again.
        if (failure.code === "LINK_INVALID") {
          lead.hidden = true;
          fill(form, error.line);
        } else if (failure.code === "PASSWORD_REQUIRED") {
          const asked = passwordField();
          showForm(token, asked);
          asked.input.focus();
        } else {
          (password?.input ?? button).focus();
        }
      }
    });
  });
  fill(place, form);
}

function showDone(sentence) {
  lead.hidden = true;
  const result = el("p", { class: "done", role: "status", tabindex: "-1", "data-testid": "result" }, sentence);
  const { label, href } = page.next ?? { label: "Sign in", href: "/#board-title" };
  fill(place, result, el("p", {}, el("a", { class: "button", href }, label)));
  // The button that had the focus is gone; what came of it is read out.
  result.focus();
}

function begin() {
  const token = takeToken();
  lead.hidden = !token;
  if (token && page.show) page.show(place, token);
  else if (token) showForm(token);
  else fill(place, el("p", { "data-testid": "result" }, place.dataset.withoutToken));
}

// A link that is opened in a tab with the same page changes only what is behind the #.
window.addEventListener("hashchange", () => location.hash && begin());
begin();
