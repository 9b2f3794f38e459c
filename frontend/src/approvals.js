// What waits for this person's decision.

import { mutate, request } from "./api.js";
import { announce, el, errorLine, field, flash, moment, price, whileBusy } from "./dom.js";

const REQUEST = `
  id summary group requestedAt
  requestedBy { fullName email }
  subject { ... on Order { number total { amount currency } } }
`;
const WAITING = `query BoardApprovals {
  approvalRequests(first: 20, filters: { waitingForMe: true }) { edges { node { ${REQUEST} } } }
}`;
const ADDED = `subscription BoardApprovalAdded { approvalRequestAdded { ${REQUEST} } }`;
const APPROVE = `mutation Approve($id: ID!) {
  approvalRequestApprove(id: $id) { userErrors { code message retryable } }
}`;
const REJECT = `mutation Reject($id: ID!, $reason: String!) {
  approvalRequestReject(id: $id, reason: $reason) { userErrors { code message retryable } }
}`;

export function mountApprovals({ socket, onDecided }) {
  const list = el("div", { class: "cards" });
  const error = errorLine();
  const empty = el("p", { class: "empty" }, "Nothing waits for your decision. Place an order of more than 500.00 as a customer in another tab.");
  const cards = new Map();
  let isStopped = false;

  function add(approval, isNews) {
    if (cards.has(approval.id)) return;
    const card = approvalCard(approval, async () => {
      await Promise.all([reload(), onDecided()]);
    });
    cards.set(approval.id, card);
    list.prepend(card);
    if (isNews) {
      flash(card);
      announce(`Waiting for your approval: ${approval.summary}`);
    }
  }

  let isFirst = true;
  async function reload() {
    let approvals;
    try {
      const data = await request(WAITING);
      approvals = data.approvalRequests.edges.map(({ node }) => node);
    } catch (failure) {
      if (!isStopped) error.show(failure);
      return;
    }
    if (isStopped) return;
    error.clear();
    for (const [id, card] of cards) {
      if (approvals.some((approval) => approval.id === id)) continue;
      card.remove();
      cards.delete(id);
    }
    for (const approval of approvals.toReversed()) add(approval, !isFirst);
    isFirst = false;
    empty.hidden = cards.size > 0;
  }

  const stop = socket.follow(ADDED, {}, ({ approvalRequestAdded }) => {
    add(approvalRequestAdded, true);
    empty.hidden = true;
  });

  const node = el(
    "section",
    { class: "approvals", "aria-labelledby": "approvals-title" },
    el("header", { class: "section-head" }, el("h3", { id: "approvals-title" }, "Waiting for approval")),
    error.line,
    empty,
    list,
  );
  return {
    node,
    reload,
    stop() {
      isStopped = true;
      stop();
    },
  };
}

function approvalCard(approval, onDecided) {
  const error = errorLine();
  const reason = el("input", { required: true, maxlength: 200, autocomplete: "off", "data-testid": "reason" });
  const approve = el("button", { type: "button", class: "button button-primary", "data-testid": "approve", onclick: () => whileBusy(approve, () => decide(APPROVE, {})) }, "Approve");
  const reject = el("button", { type: "button", class: "button button-danger", "data-testid": "reject", onclick: openForm }, "Reject");
  const buttons = el("div", { class: "buttons" }, approve, reject);
  const submit = el("button", { class: "button button-danger", "data-testid": "submit-reject" }, "Reject the order");
  const form = el(
    "form",
    {
      class: "ask",
      hidden: true,
      onsubmit(event) {
        event.preventDefault();
        whileBusy(submit, () => decide(REJECT, { reason: reason.value.trim() }));
      },
      onkeydown(event) {
        if (event.key === "Escape") closeForm();
      },
    },
    field("Reason", reason),
    el("div", { class: "buttons" }, submit, el("button", { type: "button", class: "button button-plain", onclick: closeForm }, "Back")),
  );

  function openForm() {
    buttons.hidden = true;
    form.hidden = false;
    reason.focus();
  }
  function closeForm() {
    form.hidden = true;
    buttons.hidden = false;
    reject.focus();
  }
  async function decide(mutation, variables) {
    error.clear();
    try {
      await mutate(mutation, { id: approval.id, ...variables });
    } catch (failure) {
      error.show(failure);
      // A refusal may be news, such as somebody else's decision; it stays readable until the next look.
      return;
    }
    await onDecided();
  }

  const who = approval.requestedBy?.fullName || approval.requestedBy?.email;
  return el(
    "article",
    { class: "card", "data-testid": "approval-card", "data-number": approval.subject?.number, "aria-label": approval.summary },
    el("header", { class: "card-head" }, el("h4", {}, approval.subject?.number ?? "Request"), approval.subject?.total && el("span", { class: "total" }, price(approval.subject.total))),
    el("p", {}, approval.summary),
    el("p", { class: "about" }, who && `${who} · `, moment(approval.requestedAt), ` · for ${approval.group}`),
    buttons,
    form,
    error.line,
  );
}
