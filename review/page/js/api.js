// Talks to the server: JSON both ways, the token that says a change was meant, refusals as errors.

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

let token = "";

export async function hello() {
  const me = await get("/api/hello");
  token = me.csrf;
  return me;
}

export const get = (path) => send("GET", path);
export const post = (path, body = null, options = {}) => send("POST", path, body, options);
export const put = (path, body, options = {}) => send("PUT", path, body, options);

export function keepToken(me) {
  token = me.csrf;
}

async function send(method, path, body = null, options = {}) {
  const headers = { accept: "application/json" };
  if (method !== "GET") headers["x-csrf-token"] = token;
  if (body !== null) headers["content-type"] = "application/json";
  const answer = await reach(path, { method, headers, body: body && JSON.stringify(body), ...options });
  const told = await answer.json().catch(() => null);
  if (answer.ok) return told;
  throw new Refusal(answer.status, told?.code ?? "broken", told?.message ?? `HTTP ${answer.status}`);
}

async function reach(path, request) {
  try {
    return await fetch(path, { credentials: "same-origin", ...request });
  } catch {
    throw new Refusal(0, "offline", "");
  }
}

/** Names one request, so that sending it twice counts once. */
export const requestId = () => crypto.randomUUID?.() ?? Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, "0")).join("");

/** Sends until the server has answered: a dropped line must not lose a decision. */
export async function insist(send, waits = [300, 1000, 3000]) {
  for (const wait of waits) {
    try {
      return await send();
    } catch (error) {
      if (!(error instanceof Refusal) || (error.status !== 0 && error.status !== 503)) throw error;
      await new Promise((done) => setTimeout(done, wait));
    }
  }
  return send();
}
