// The gateway over HTTP. Every answer that is not a success becomes a `Trouble` with the gateway's problem in it.

import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "./schema";
import type { Problem } from "./types";

/** A problem that the gateway told, or that it did not answer at all. */
export class Trouble extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.detail);
    this.name = "Trouble";
    this.problem = problem;
  }
}

export const OFFLINE: Problem = {
  code: "offline",
  detail: "The gateway does not answer.",
  charge: "unknown",
};

const asTrouble: Middleware = {
  async onResponse({ response }) {
    if (response.ok) return;
    if (response.status === 401) window.dispatchEvent(new Event("fluxroom-locked"));
    throw await troubleOf(response);
  },
  onError({ error }) {
    if (error instanceof DOMException && error.name === "AbortError") return error;
    return new Trouble(OFFLINE);
  },
};

/** The problem in an answer; a proxy's page without one is told by its status. */
export async function troubleOf(response: Response): Promise<Trouble> {
  const found = await response.json().catch(() => null);
  if (found && typeof found.code === "string") return new Trouble(found);
  return new Trouble({
    code: "other",
    detail: `${response.status} ${response.statusText}`,
    status: response.status,
  });
}

export const api = createClient<paths>({
  baseUrl: typeof location === "undefined" ? "http://localhost" : location.origin,
  // Looked up at the call, so that tests can put another one in its place.
  fetch: (request) => globalThis.fetch(request),
});
api.use(asTrouble);

/** The data of an answer; the middleware has thrown when there is none. */
export async function data<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T;
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Trouble) return error.problem;
  return { code: "other", detail: error instanceof Error ? error.message : String(error) };
}
