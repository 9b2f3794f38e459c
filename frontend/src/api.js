// Talks to /graphql over HTTP and keeps this tab's tokens.

export const ENDPOINT = "/graphql";
const STORED = "nexus.session";
const REFRESH_BEFORE_MS = 60_000;

/** A sentence for the person, a code for the program; `lost` when it is unknown whether the server acted. */
export class Failure extends Error {
  constructor(message, { code = null, lost = false, retryable = false } = {}) {
    super(message);
    this.code = code;
    this.lost = lost;
    this.retryable = retryable;
  }
}

// ── Tokens: in sessionStorage, so that each tab is its own person ──

let session = JSON.parse(sessionStorage.getItem(STORED) ?? "null");
let refreshing = null;
let onSessionEnd = () => {};

function keep(payload) {
  session = payload && {
    accessToken: payload.accessToken,
    refreshToken: payload.refreshToken,
    // A clock that runs ahead must not make every new token look old; one that really is old gets refused.
    expiresAt: Math.max(Date.parse(payload.expiresAt), Date.now() + 2 * REFRESH_BEFORE_MS),
  };
  if (session) sessionStorage.setItem(STORED, JSON.stringify(session));
  else sessionStorage.removeItem(STORED);
}

export const isSignedIn = () => session !== null;

/** Calls back with a sentence when the session cannot be continued. */
export function whenSessionEnds(callback) {
  onSessionEnd = callback;
}

export async function signIn(email, password) {
  const payload = await mutate(
    `mutation SignIn($email: String!, $password: String!) {
      tokenCreate(email: $email, password: $password) {
        accessToken refreshToken expiresAt userErrors { code message }
      }
    }`,
    { email, password },
    { anonymous: true },
  );
  keep(payload);
}

export async function signOut() {
  const refreshToken = session?.refreshToken;
  keep(null);
  if (!refreshToken) return;
  await mutate(
    `mutation SignOut($refreshToken: String!) {
      tokenRevoke(refreshToken: $refreshToken) { userErrors { code message } }
    }`,
    { refreshToken },
    { anonymous: true },
  ).catch(() => {}); // The tab has forgotten the token either way; the server forgets it when it expires.
}

async function refresh() {
  const before = session;
  try {
    const payload = await mutate(
      `mutation Refresh($refreshToken: String!) {
        tokenRefresh(refreshToken: $refreshToken) {
          accessToken refreshToken expiresAt userErrors { code message }
        }
      }`,
      { refreshToken: before.refreshToken },
      { anonymous: true },
    );
    if (session === before) keep(payload);
  } catch (failure) {
    const refused = failure.code !== null && !failure.lost && !failure.retryable && failure.code !== "RATE_LIMITED";
    if (refused && session === before) {
      keep(null);
      onSessionEnd("Your session has ended. Sign in again to go on.");
    }
    throw failure;
  }
}

/** A token that is valid for a while yet; `refused` is one the server has just turned down. */
export async function freshToken(refused = null) {
  if (!session) return null;
  const isStale = session.accessToken === refused || session.expiresAt - Date.now() < REFRESH_BEFORE_MS;
  if (isStale) {
    // One refresh at a time: a refresh token is good for one use.
    refreshing ??= refresh().finally(() => {
      refreshing = null;
    });
    await refreshing;
  }
  return session?.accessToken ?? null;
}

export const currentToken = () => session?.accessToken ?? null;

// ── Requests ──

async function post(query, variables, token) {
  let response;
  try {
    response = await fetch(ENDPOINT, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: JSON.stringify({ query, variables }),
      // Who asks is said by the token alone, never by a session cookie of the admin.
      credentials: "omit",
      signal: AbortSignal.timeout(20_000),
    });
    return await response.json();
  } catch {
    const message = response
      ? `The server answered ${response.status} and nothing that could be read.`
      : "The server did not answer. Is it running?";
    throw new Failure(message, { lost: true });
  }
}

/** The data of an operation; throws a `Failure` for top-level errors. */
export async function request(query, variables = {}, { anonymous = false } = {}) {
  const token = anonymous ? null : await freshToken();
  let { data, errors } = await post(query, variables, token);
  if (token && errors?.some((error) => error.extensions?.code === "UNAUTHENTICATED")) {
    const renewed = await freshToken(token);
    ({ data, errors } = await post(query, variables, renewed));
  }
  if (errors?.length) throw failureOf(errors);
  return data;
}

/** The payload of a mutation's one root field; throws a `Failure` for userErrors, too. */
export async function mutate(query, variables, options) {
  const [payload] = Object.values(await request(query, variables, options));
  if (!payload) throw new Failure("The server gave no answer to this request.", { lost: true });
  if (payload.userErrors?.length) {
    throw new Failure(sentences(payload.userErrors), {
      code: payload.userErrors[0].code,
      retryable: payload.userErrors.some((error) => error.retryable),
    });
  }
  return payload;
}

export function failureOf(errors) {
  const code = errors[0].extensions?.code ?? "INTERNAL";
  return new Failure(sentences(errors), { code, retryable: code === "RATE_LIMITED" });
}

function sentences(errors) {
  return [...new Set(errors.map(({ message }) => (/[.!?]$/.test(message) ? message : `${message}.`)))].join(" ");
}
