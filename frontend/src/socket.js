// One WebSocket for the tab's subscriptions. It comes back by itself, for ever, and each subscription with it.

import { createClient } from "graphql-ws/client";
import { currentToken, ENDPOINT, failureOf, freshToken } from "./api.js";

const PING_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
// A subscription that lasted this long was not refused; its end starts the counting of attempts anew.
const STEADY_MS = 30_000;
const TOKEN_REFUSED = [4401, 4403];
// Asking again cannot help: not yours, not there, not allowed, or not in this schema.
const FINAL = ["FORBIDDEN", "NOT_FOUND", "BAD_USER_INPUT"];

const backoff = (attempt) => Math.min(15_000, 500 * 2 ** attempt) * (0.75 + Math.random() / 2);

/** Waits, but no longer than until the network is back or the person looks at the page again. */
function pause(milliseconds) {
  return new Promise((resolve) => {
    const done = () => {
      if (document.hidden) return;
      clearTimeout(timer);
      window.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", done);
      resolve();
    };
    const timer = setTimeout(() => {
      window.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", done);
      resolve();
    }, milliseconds);
    window.addEventListener("online", done);
    document.addEventListener("visibilitychange", done);
  });
}

/**
 * Opens with the first `follow`. `onState` hears "live" and "reconnecting"; `onReturn` is called when the
 * connection is back after a loss, to read again what has no cursor.
 */
export function openSocket({ onState, onReturn }) {
  const url = new URL(ENDPOINT, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  let isClosed = false;
  let wasLive = false;
  let sentToken = null;
  let refusedToken = null;
  let pongTimer;
  const stops = new Set();

  const lost = () => {
    clearTimeout(pongTimer);
    if (!isClosed) onState("reconnecting");
  };

  const client = createClient({
    url: url.href,
    lazy: true,
    keepAlive: PING_MS,
    connectionAckWaitTimeout: 10_000,
    retryAttempts: Infinity,
    shouldRetry: () => !isClosed,
    retryWait: (attempt) => pause(backoff(attempt)),
    connectionParams: async () => {
      sentToken = await freshToken(refusedToken);
      return sentToken ? { Authorization: `Bearer ${sentToken}` } : {};
    },
    on: {
      connected() {
        refusedToken = null;
        onState("live");
        if (wasLive) onReturn();
        wasLive = true;
      },
      ping(received) {
        // A server that vanished without closing is noticed by its silence.
        if (!received) pongTimer = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
      },
      pong(received) {
        if (received) clearTimeout(pongTimer);
      },
      closed(event) {
        if (TOKEN_REFUSED.includes(event?.code)) refusedToken = sentToken;
        lost();
      },
      error: lost,
    },
  });

  /**
   * Subscribes until the returned function is called. `variables` is read again at every (re)subscription,
   * so a cursor kept in it resumes where the last event left off.
   */
  function follow(query, variables, onData, onRefused = () => {}) {
    let stop = () => {};
    let isOver = false;
    let attempt = 0;
    let startedAt = 0;

    function start() {
      if (isOver || isClosed) return;
      startedAt = Date.now();
      stop = client.subscribe({ query, variables }, { next, error: again, complete: () => again(null) });
    }

    function next({ data, errors }) {
      if (isOver) return;
      if (errors?.length) {
        stop();
        again(errors);
        return;
      }
      attempt = 0;
      onData(data);
    }

    let isWaiting = false;
    async function again(reason) {
      if (isOver || isClosed || isWaiting) return;
      if (Array.isArray(reason)) {
        const failure = failureOf(reason);
        if (FINAL.includes(failure.code)) {
          end();
          onRefused(failure);
          return;
        }
        if (failure.code === "UNAUTHENTICATED") {
          refusedToken = sentToken ?? currentToken();
          client.terminate();
        }
      }
      isWaiting = true;
      if (Date.now() - startedAt > STEADY_MS) attempt = 0;
      // A token that ran out is the normal end of a connection: the first attempt need not wait.
      if (!(attempt === 0 && TOKEN_REFUSED.includes(reason?.code))) await pause(backoff(attempt));
      attempt += 1;
      isWaiting = false;
      start();
    }

    function end() {
      isOver = true;
      stops.delete(end);
      stop();
    }

    start();
    stops.add(end);
    return end;
  }

  return {
    follow,
    close() {
      isClosed = true;
      clearTimeout(pongTimer);
      for (const end of [...stops]) end();
      client.terminate();
    },
  };
}
