// A component as it stands on the page, over a gateway that answers what the test says.

import { MantineProvider } from "@mantine/core";
import { Notifications, notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { act, type ReactNode } from "react";
import { vi } from "vitest";

export interface Call {
  method: string;
  path: string;
  body: unknown;
}

type Answer = unknown | ((call: Call) => unknown);

/** What the gateway answers, by "GET /v1/models"; what is not named is not there. A Response is given as it is. */
export function gateway(answers: Record<string, Answer>): Call[] {
  const calls: Call[] = [];
  vi.stubGlobal("fetch", async (input: Request | string, init: RequestInit = {}) => {
    const request = typeof input === "string" ? new Request(new URL(input, "http://localhost"), init) : input;
    const path = new URL(request.url).pathname;
    const text = await request
      .clone()
      .text()
      .catch(() => "");
    const call = { method: request.method, path, body: text.startsWith("{") ? JSON.parse(text) : text };
    calls.push(call);
    const found = answers[`${request.method} ${path}`];
    const answer = typeof found === "function" ? await found(call) : found;
    if (answer instanceof Response) return answer;
    if (answer === undefined) return problem("no_such_path", `There is no ${path}.`, 404);
    return new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } });
  });
  return calls;
}

export function problem(code: string, detail: string, status = 422): Response {
  return new Response(JSON.stringify({ code, detail, status }), {
    status,
    headers: { "content-type": "application/problem+json" },
  });
}

/** An answer that the test gives when it likes. */
export function held() {
  let give: (answer: unknown) => void = () => {};
  const answer = new Promise((resolve) => {
    give = resolve;
  });
  return { answer, give: (found: unknown) => act(async () => give(found)) };
}

/** Draw it, and wait until it is there. */
export async function rendered(node: ReactNode) {
  cleanup();
  notifications.clean();
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const root = createRootRoute({ component: () => <div data-testid="there">{node}</div> });
  const router = createRouter({ routeTree: root, history: createMemoryHistory() });
  const view = render(
    <MantineProvider env="test">
      <QueryClientProvider client={client}>
        <Notifications />
        <RouterProvider router={router as never} />
      </QueryClientProvider>
    </MantineProvider>,
  );
  await view.findByTestId("there");
  return { ...view, client, router, user: userEvent.setup() };
}

export function file(name: string, type = "image/png", content = "x"): File {
  return new File([content], name, { type });
}
