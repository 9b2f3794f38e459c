// GraphiQL at /graphql: queries over HTTP, subscriptions over a WebSocket at the same address.

import { GraphiQL } from "graphiql";
import { getOperationAST, parse } from "graphql";
import { createClient } from "graphql-ws/client";
import { createRoot } from "react-dom/client";
import "graphiql/style.css";
import "./graphiql.css";
import { defaultHeaders, defaultQuery, defaultTabs } from "./examples.js";

const page = document.getElementById("graphiql");
const { endpoint } = page.dataset;

// The addresses come from the page, because collected static files carry a hash in their names.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(page.dataset[`${label}Worker`] ?? page.dataset.editorWorker),
};

async function post(params, headers) {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "Content-Type": "application/json", Accept: "application/json", ...headers },
    body: JSON.stringify(params),
    // Who asks is said by the Authorization header alone, never by a session cookie of the admin.
    credentials: "omit",
  });
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}: ${text.slice(0, 500)}`);
  }
}

// One socket for each Authorization header: who listens is decided when a socket opens.
let socket = { authorization: undefined, client: null };

function socketFor(headers = {}) {
  const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === "authorization")?.[1];
  if (!socket.client || socket.authorization !== authorization) {
    socket.client?.dispose();
    const url = new URL(endpoint, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    const client = createClient({
      url: url.href,
      lazy: true,
      keepAlive: 10_000,
      connectionParams: authorization ? { Authorization: authorization } : {},
    });
    socket = { authorization, client };
  }
  return socket.client;
}

function isSubscription({ query, operationName }, document) {
  try {
    return getOperationAST(document ?? parse(query), operationName)?.operation === "subscription";
  } catch {
    return false; // Not GraphQL: the server's answer says where.
  }
}

function fetcher(params, { headers, documentAST } = {}) {
  return isSubscription(params, documentAST) ? socketFor(headers).iterate(params) : post(params, headers);
}

createRoot(page).render(
  <GraphiQL
    fetcher={fetcher}
    defaultQuery={defaultQuery}
    defaultTabs={defaultTabs}
    defaultHeaders={defaultHeaders}
    defaultEditorToolsVisibility="headers"
    isHeadersEditorEnabled
    shouldPersistHeaders
  >
    <GraphiQL.Logo>
      <a href="/">Nexus</a>
    </GraphiQL.Logo>
  </GraphiQL>,
);
