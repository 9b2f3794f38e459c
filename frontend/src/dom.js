// Elements from data. Text only ever becomes text nodes, so nothing the API says can become markup.

/** `el("p", { class: "hint", onclick: f }, "text", node)`; null and false children are left out. */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  fill(node, ...children);
  return node;
}

export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
}

/** A place for a refusal, next to what was refused. */
export function errorLine() {
  const line = el("p", { class: "error", role: "alert", "data-testid": "error", hidden: true });
  return {
    line,
    show(failure) {
      line.textContent = failure.message;
      line.hidden = false;
    },
    clear() {
      line.hidden = true;
      line.textContent = "";
    },
  };
}

export function field(label, input) {
  return el("label", { class: "field" }, el("span", {}, label), input);
}

/** One click is one request. Not `disabled`, which would take the keyboard's focus away. */
export async function whileBusy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

export function flash(node) {
  node.classList.remove("flash");
  void node.offsetWidth; // Starts the animation anew when it is still running.
  node.classList.add("flash");
}

let polite;

/** Tells screen readers what changed by itself. */
export function announce(sentence) {
  polite ??= document.getElementById("announcements");
  polite.textContent = sentence;
}

/** "1234.50" as "1,234.50 EUR": the decimal stays the server's text, never a float. */
export function price({ amount, currency }) {
  const [whole, fraction] = String(amount).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return `${fraction ? `${grouped}.${fraction}` : grouped} ${currency}`;
}

const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
const timeOfDay = new Intl.DateTimeFormat("en", { ...clock, second: "2-digit" });
const dayAndTime = new Intl.DateTimeFormat("en", { ...clock, day: "numeric", month: "short" });

export function moment(iso) {
  const at = new Date(iso);
  const isToday = at.toDateString() === new Date().toDateString();
  const text = (isToday ? timeOfDay : dayAndTime).format(at);
  return el("time", { datetime: iso, title: at.toLocaleString() }, text);
}

/** A link only for web addresses: a tracking address is written by people. */
export function outwardLink(address, text) {
  const isWeb = URL.canParse(address) && ["http:", "https:"].includes(new URL(address).protocol);
  return isWeb ? el("a", { href: address, rel: "noopener noreferrer", target: "_blank" }, text) : text;
}
