// The bell: what this person has been told and has not read yet.

import { mutate, request } from "./api.js";
import { announce, el, errorLine, fill, flash, moment, whileBusy } from "./dom.js";

const FIELDS = "id title body createdAt";
const UNREAD = `query BoardNotifications {
  notifications(first: 20, filters: { isRead: false }) { totalCount edges { node { ${FIELDS} } } }
}`;
const RECEIVED = `subscription BoardNotificationReceived { notificationReceived { ${FIELDS} } }`;
const MARK_READ = `mutation BoardMarkRead($ids: [ID!]) {
  notificationsMarkRead(ids: $ids) { markedCount }
}`;

/** `bell`, `count` and `panel` are elements of the page; `onReceived` is told of each piece of news. */
export function mountNotifications({ socket, bell, count, panel, onReceived }) {
  const list = el("ul", { class: "notes" });
  const error = errorLine();
  const markAll = el("button", { type: "button", class: "button button-plain", "data-testid": "mark-all-read", onclick: () => whileBusy(markAll, () => markRead(null)) }, "Mark all as read");
  fill(panel, el("header", { class: "section-head" }, el("h3", {}, "Notifications"), markAll), error.line, list);
  let isStopped = false;
  let timer;

  async function reload() {
    try {
      const { notifications } = await request(UNREAD);
      if (isStopped) return;
      error.clear();
      count.textContent = notifications.totalCount;
      count.hidden = false;
      bell.setAttribute("aria-label", `Notifications, ${notifications.totalCount} unread`);
      markAll.hidden = notifications.totalCount === 0;
      fill(list, notifications.edges.length ? notifications.edges.map(({ node }) => item(node)) : el("li", { class: "empty" }, "You have read everything."));
    } catch (failure) {
      error.show(failure);
    }
  }

  function item(note) {
    const button = el("button", { type: "button", class: "button button-plain", "aria-label": `Mark as read: ${note.title}`, "data-testid": "mark-read", onclick: () => whileBusy(button, () => markRead([note.id])) }, "Mark read");
    return el("li", { "data-testid": "notification" }, el("div", {}, el("b", {}, note.title), note.body && el("p", {}, note.body), moment(note.createdAt)), button);
  }

  async function markRead(ids) {
    try {
      await mutate(MARK_READ, { ids });
      await reload();
      if (!panel.contains(document.activeElement)) bell.focus();
    } catch (failure) {
      error.show(failure);
    }
  }

  function toggle(isOpen) {
    panel.hidden = !isOpen;
    bell.setAttribute("aria-expanded", String(isOpen));
  }
  const onBell = () => toggle(panel.hidden);
  const onKey = (event) => {
    if (event.key !== "Escape" || panel.hidden) return;
    toggle(false);
    bell.focus();
  };
  const onOutside = (event) => {
    // A button that was pressed may be gone by now; it was inside when it was pressed.
    if (!event.composedPath().includes(panel) && !event.composedPath().includes(bell)) toggle(false);
  };
  bell.addEventListener("click", onBell);
  document.addEventListener("keydown", onKey);
  document.addEventListener("click", onOutside);

  // The news says that there is news; how much is unread is asked, so that it cannot drift.
  const stop = socket.follow(RECEIVED, {}, ({ notificationReceived }) => {
    announce(notificationReceived.title);
    flash(bell);
    // News often comes in twos and threes; one look after the last of them is enough.
    clearTimeout(timer);
    timer = setTimeout(() => {
      reload();
      onReceived();
    }, 100);
  });

  return {
    reload,
    stop() {
      isStopped = true;
      clearTimeout(timer);
      stop();
      toggle(false);
      bell.removeEventListener("click", onBell);
      document.removeEventListener("keydown", onKey);
      document.removeEventListener("click", onOutside);
    },
  };
}
