import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { BudgetStop } from "@/features/create/BudgetStop";
import { useLook } from "@/look";
import { type Call, gateway, problem, rendered } from "@/testing/rendered";
import { BudgetPill } from "@/ui/BudgetPill";
import { Budgets } from "./Budgets";
import { CostsPage } from "./CostsPage";

const budget = (scope: string, change: object = {}) => ({
  scope,
  period: "day",
  most: "5",
  spent: "1",
  left: "4",
  resets_at: null,
  ...change,
});
const ALL = budget("all");
const health = { sandbox: true, providers: [] };
const total = { charged: "0.635", estimated: "0.64", doubtful: "0", jobs: 9 };
const line = { key: "2026-11-20", jobs: 9, estimated: "0.64", charged: "0.635", doubtful: "0" };
const USAGE = {
  "GET /healthz": health,
  "GET /v1/usage": { total, lines: [line] },
  "GET /v1/budgets": { budgets: [] },
};
const put = (calls: Call[]) =>
  calls.filter((one) => one.method !== "GET").map(({ method, path, body }) => [method, path, body]);

beforeEach(() => useLook.setState({ language: "en" }));

describe("budgets", () => {
  const shown = async (answers: Record<string, unknown>, ...budgets: object[]) => {
    const calls = gateway({ "GET /v1/budgets": { budgets }, ...answers });
    return { ...(await rendered(<Budgets sandbox={false} />)), calls };
  };

  it("are told with what is left, whose they are, and how near the end is", async () => {
    const { container } = await shown(
      {},
      ALL,
      budget("owner:anna", { period: "month", most: "10", spent: "9", left: "1" }),
      budget("run:a:b", { period: "total", spent: "6", left: "-1" }),
    );
    expect(await screen.findByText("Everybody · $5.00 a day")).toBeTruthy();
    expect(screen.getByText("Key: anna · $10.00 a month")).toBeTruthy();
    expect(screen.getByText("Run: a:b · $5.00 in all")).toBeTruthy();
    const levels = [...container.querySelectorAll("[data-level]")].map((one) =>
      one.getAttribute("data-level"),
    );
    expect(levels).toEqual(["fine", "near", "over"]);
  });

  it("are set for a run once it has a name, and removed", async () => {
    const answers = { "PUT /v1/budgets/run%3Aautumn/day": ALL, "DELETE /v1/budgets/all/day": {} };
    const { user, calls } = await shown(answers, ALL);
    await user.click(screen.getByRole("combobox", { name: "For" }));
    await user.click(await screen.findByRole("option", { name: "Run", hidden: true }));
    const set = screen.getByRole<HTMLButtonElement>("button", { name: "Set a budget" });
    expect(set.disabled).toBe(true);
    await user.type(screen.getByRole("textbox", { name: "Name of the run" }), " autumn ");
    await user.click(set);
    await waitFor(() => expect(put(calls)).toEqual([["PUT", "/v1/budgets/run%3Aautumn/day", { most: "5" }]]));
    await user.click(screen.getByRole("button", { name: "Remove" }));
    await waitFor(() => expect(put(calls).at(-1)).toEqual(["DELETE", "/v1/budgets/all/day", ""]));
  });

  it("that the gateway refuses are told", async () => {
    const refused = problem("scope_missing", "Your key may not set budgets.", 403);
    const { user } = await shown({ "PUT /v1/budgets/all/day": refused });
    await user.click(await screen.findByRole("button", { name: "Set a budget" }));
    expect(await screen.findByRole("alert")).toBeTruthy();
  });
});

describe("a request over its budget", () => {
  const stopped = async (left: string, images = 4) => {
    const found = { ...ALL, left, resets_at: "2026-12-01T00:00:00Z" };
    gateway({
      "GET /healthz": health,
      "GET /v1/budgets": { budgets: [budget("owner:anna", { left: "99" }), found] },
    });
    const fewer = vi.fn();
    const stop = { code: "budget_exceeded", detail: "", scope: "all", period: "day" };
    const view = await rendered(<BudgetStop problem={stop} cost={0.12} images={images} onFewer={fewer} />);
    await screen.findByText(/^This costs \$0\.12/);
    return { ...view, fewer };
  };
  const offers = () => screen.queryAllByRole("button").map((one) => one.textContent);

  it.each([
    ["0.07", ["Generate 2 of 4"]],
    ["0.09", ["Generate 3 of 4"]],
    ["0.02", []],
    ["-3", []],
    // The budget has been raised meanwhile; never more than was asked for, and never all of it again.
    ["50", ["Generate 3 of 4"]],
  ])("with %s left offers %j", async (left, wanted) => {
    await stopped(left);
    expect(offers()).toEqual(wanted);
  });

  it("leads to what still fits, and says when there is more", async () => {
    const { user, fewer } = await stopped("0.07");
    expect(screen.getByText(/It resets on/)).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Generate 2 of 4" }));
    expect(fewer).toHaveBeenCalledExactlyOnceWith(2);
    expect(screen.getByRole("link", { name: "Raise the budget" }).getAttribute("href")).toBe("/costs");
  });
});

describe("what today has cost", () => {
  it.each([
    ["alone", [], "Spent today: $0.635", "fine"],
    ["beside what a day may cost", [budget("all", { spent: "4.5" })], "Spent today: $4.50 / $5.00", "near"],
    ["over it", [budget("all", { spent: "6" })], "Spent today: $6.00 / $5.00", "over"],
    ["not beside a budget of a month", [budget("all", { period: "month" })], "Spent today: $0.635", "fine"],
  ])("stands %s", async (_, budgets, name, level) => {
    gateway({ ...USAGE, "GET /v1/budgets": { budgets } });
    await rendered(<BudgetPill />);
    const pill = await screen.findByRole("link", { name });
    expect(pill.getAttribute("data-level")).toBe(level);
  });

  it("is not said while it is not known", async () => {
    const calls = gateway({ ...USAGE, "GET /v1/usage": problem("storage_busy", "Later.", 503) });
    await rendered(<BudgetPill />);
    await waitFor(() => expect(calls.some((one) => one.path === "/v1/usage")).toBe(true));
    expect(screen.queryByRole("link")).toBeNull();
  });
});

describe("the costs", () => {
  it("are those of the sandbox where there is no other, by what one likes", async () => {
    const asked: URLSearchParams[] = [];
    gateway(USAGE);
    const send = globalThis.fetch;
    vi.stubGlobal("fetch", (request: Request) => {
      const url = new URL(request.url);
      if (url.pathname === "/v1/usage") asked.push(url.searchParams);
      return send(request);
    });
    const { user } = await rendered(<CostsPage />);
    expect((await screen.findAllByText("$0.635")).length).toBe(2);
    await user.click(screen.getByRole("combobox", { name: "By" }));
    await user.click(await screen.findByRole("option", { name: "Model", hidden: true }));
    expect(await screen.findByRole("cell", { name: "2026-11-20" })).toBeTruthy();
    await user.click(screen.getByRole("switch", { name: /^Sandbox figures/ }));
    await waitFor(() => expect(asked).toHaveLength(3));
    expect(asked.map((one) => [one.get("by"), one.get("sandbox")])).toEqual([
      ["day", "true"],
      ["model", "true"],
      ["model", "false"],
    ]);
  });

  it("come as a file, or it is said why not: a refusal is no table", async () => {
    gateway(USAGE);
    const { user } = await rendered(<CostsPage />);
    await screen.findAllByText("$0.635");
    const saved: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      saved.push(this.download);
    });
    URL.createObjectURL = () => "blob:here";
    URL.revokeObjectURL = () => {};
    await user.click(screen.getByRole("button", { name: "Download CSV" }));
    await waitFor(() => expect(saved).toEqual(["fluxroom-usage-by-day.csv"]));
    gateway({ ...USAGE, "GET /v1/usage": problem("storage_busy", "Later.", 503) });
    await user.click(screen.getByRole("button", { name: "Download CSV" }));
    expect(await screen.findByText(/^The gateway's database is busy\./)).toBeTruthy();
    expect(saved).toHaveLength(1);
  });
});
