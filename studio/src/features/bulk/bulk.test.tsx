import { screen, waitFor, within } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { DryRun, Run } from "@/api/runs";
import { RunHead } from "@/features/runs/RunHead";
import { useLook } from "@/look";
import { file, gateway, held, problem, rendered } from "@/testing/rendered";
import { BulkPage } from "./BulkPage";
import { ColumnsField } from "./ColumnsField";
import { DryRunTable } from "./DryRunTable";
import { filesIn } from "./dropped";
import { SourceField } from "./SourceField";
import { useSheet } from "./sheet";

const HASH = "d".repeat(64);
const sheet = () => useSheet.getState();

beforeEach(() => {
  useLook.setState({ language: "en" });
  URL.createObjectURL = () => "blob:here";
  sheet().set({ table: "", columns: {}, pictures: [], prompts: "", name: "", model: "", budget: null });
});

const row = (change: Partial<DryRun["rows"][number]>): DryRun["rows"][number] => ({
  row: 1,
  state: "ok",
  why: "",
  error: null,
  route: "bfl/flux",
  mode: "generate",
  price: "$0.03",
  images: 1,
  not_sent: [],
  asked: { prompt: "a cup" },
  ...change,
});
const dry = (rows: DryRun["rows"], change: Partial<DryRun> = {}): DryRun => ({
  text: "",
  ok: rows.filter((one) => one.state === "ok").length,
  exists: rows.filter((one) => one.state === "exists").length,
  invalid: rows.filter((one) => one.state === "invalid").length,
  low: "0.03",
  high: "0.03",
  rule: "",
  goes_on: null,
  open_rows: 0,
  renamed: {},
  rows,
  ...change,
});

describe("where the rows come from", () => {
  async function chosen(...files: File[]) {
    gateway({ "POST /v1/assets": { sha256: HASH } });
    const view = await rendered(<SourceField />);
    const input = view.container.querySelector<HTMLInputElement>("input[type=file]");
    if (!input) throw new Error("no input");
    await view.user.upload(input, files);
    return view;
  }

  it("a sheet names the run, and the pictures beside it are taken in", async () => {
    await chosen(file("cups.csv", "text/csv", "Text;Foto\na;cup.png"), file("cup.png"));
    await waitFor(() => expect(sheet().pictures[0]?.state).toBe("ready"));
    expect(sheet()).toMatchObject({ name: "cups", columns: { Text: "prompt", Foto: "references" } });
  });

  it("a sheet leaves the name that somebody wrote while it was read", async () => {
    const late = held();
    const read = vi.spyOn(File.prototype, "text").mockReturnValue(late.answer as Promise<string>);
    await chosen(file("cups.csv", "text/csv"));
    await waitFor(() => expect(read).toHaveBeenCalled());
    sheet().set({ name: "my own" });
    await late.give("prompt\na cup");
    await waitFor(() => expect(sheet().table).toBe("prompt\na cup"));
    expect(sheet().name).toBe("my own");
  });

  it("pictures alone ask for prompts, and say how many rows that makes", async () => {
    const { user } = await chosen(file("a.png"), file("b.png"));
    await screen.findByText("2 pictures");
    await user.type(screen.getByRole("textbox", { name: /^What to do/ }), "at dusk{Enter}in snow");
    expect(screen.getByText("That makes 4 rows.")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "Take them out" }));
    expect(sheet().pictures).toEqual([]);
  });

  it("a workbook is told how to come", async () => {
    await chosen(file("cups.xlsx", "application/vnd.ms-excel"));
    expect(await screen.findByText("cups.xlsx: save it as CSV, then drop that.")).toBeTruthy();
  });

  it("an example is there for whoever has nothing", async () => {
    const { user } = await rendered(<SourceField />);
    await user.click(screen.getByRole("button", { name: "Fill in an example" }));
    expect(sheet().table).toMatch(/^prompt,image_size,seed\n/);
  });

  it("a folder is looked through, and told in the order of its names", async () => {
    const entry = (name: string, inside?: unknown[]) => {
      let told = false;
      return {
        name,
        isFile: !inside,
        isDirectory: Boolean(inside),
        file: (take: (found: File) => void) => take(file(name)),
        createReader: () => ({
          readEntries: (take: (found: unknown[]) => void) => {
            take(told ? [] : (inside ?? []));
            told = true;
          },
        }),
      };
    };
    const folder = entry("photos", [entry("10.png"), entry("more", [entry("2.png")]), entry("1.png")]);
    const items = [{ webkitGetAsEntry: () => folder }];
    const found = await filesIn({ items, files: [] } as unknown as DataTransfer);
    expect(found.map((one) => one.name)).toEqual(["1.png", "2.png", "10.png"]);
    const plain = await filesIn({ items: [], files: [file("a.png")] } as unknown as DataTransfer);
    expect(plain.map((one) => one.name)).toEqual(["a.png"]);
  });
});

it("columns show what they mean over the first rows", async () => {
  sheet().setTable("Text,sku\na cup,1\na jug,2\na pan,3\na pot,4");
  const { user } = await rendered(<ColumnsField />);
  const meaning = (name: string) => (screen.getByRole("combobox", { name }) as HTMLInputElement).value;
  expect([meaning("Text"), meaning("sku")]).toEqual(["prompt", "as sku"]);
  expect(screen.getAllByRole("row").map((one) => one.textContent)).toContain("a pan3");
  expect(screen.queryByText("a pot")).toBeNull();
  await user.click(screen.getByRole("combobox", { name: "sku" }));
  const ignore = await screen.findAllByRole("option", { name: "Ignore", hidden: true });
  await user.click(ignore.at(-1) as HTMLElement);
  expect(sheet().columns).toEqual({ Text: "prompt", sku: "" });
});

it("what is wrong stands first, and what is not sent is told", async () => {
  const rows = [
    row({ row: 1, not_sent: [{ name: "seed", why: "has none" }] }),
    row({ row: 2, state: "exists", price: "$0" }),
    row({ row: 3, state: "invalid", why: "'huge' is not a size.", price: null }),
  ];
  await rendered(<DryRunTable dry={dry(rows)} />);
  const lines = screen.getAllByRole("row").slice(1);
  expect(lines.map((one) => within(one).getAllByRole("cell")[0]?.textContent)).toEqual(["3", "1", "2"]);
  expect(screen.getByText("'huge' is not a size.")).toBeTruthy();
  expect(screen.getByText("not sent: seed")).toBeTruthy();
  expect(screen.getAllByText("$0.03")).toHaveLength(1);
});

describe("the page", () => {
  const models = { default: "flux", models: [{ id: "flux", titles: { en: "FLUX" }, available: true }] };
  const lists = { "GET /v1/models": models, "GET /v1/runs": { runs: [], next: null } };

  it("checks before it runs, and checks again what was changed since", async () => {
    const rows = [row({}), row({ row: 2, state: "invalid", why: "No prompt." })];
    const calls = gateway({
      ...lists,
      "POST /v1/bulk/check": dry(rows, { renamed: { fluxSeed: "seed" }, goes_on: "r0" }),
      "POST /v1/bulk": { id: "r1" },
    });
    sheet().setTable("prompt\na cup\n-");
    sheet().set({ name: "cups", budget: 2.5 });
    const { user } = await rendered(<BulkPage />);
    await waitFor(() => expect(calls.some((one) => one.path === "/v1/models")).toBe(true));
    await user.click(screen.getByRole("button", { name: "Check" }));
    const status = await screen.findByText(/1 to pay, 1 invalid/);
    expect(status.textContent).toContain("goes on where it stopped");
    expect(status.textContent).toContain("fluxSeed → seed");
    await user.click(screen.getByRole("button", { name: /^Run 1 row\s*\$0.03/ }));
    const sent = calls.find((one) => one.path === "/v1/bulk")?.body;
    expect(sent).toMatchObject({ name: "cups", csv: "prompt\na cup\n-", budget: "2.5", priority: 0 });
    await user.type(screen.getByRole("textbox", { name: "Name" }), "!");
    expect(screen.queryByRole("button", { name: /^Run/ })).toBeNull();
  });

  it("does not take the answer to an older sheet for that of the new one", async () => {
    const late = held();
    const answers: unknown[] = [late.answer, problem("invalid_params", "Line 2 cannot be read.")];
    gateway({ ...lists, "POST /v1/bulk/check": () => answers.shift() });
    sheet().setTable("prompt\na cup");
    const { user } = await rendered(<BulkPage />);
    await user.click(screen.getByRole("button", { name: "Check" }));
    await user.type(screen.getByRole("textbox", { name: /^Paste a table/ }), ", very large");
    await late.give(dry([row({})]));
    await waitFor(() =>
      expect(screen.getByRole("button", { name: "Check" }).hasAttribute("data-loading")).toBe(false),
    );
    expect(screen.queryByRole("button", { name: /^Run/ })).toBeNull();
    await user.click(screen.getByRole("button", { name: "Check" }));
    await screen.findByRole("alert");
    // What was wrong is gone with what was wrong.
    await user.type(screen.getByRole("textbox", { name: /^Paste a table/ }), "{Backspace}");
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("says what is wrong with a table, which stays", async () => {
    gateway({ ...lists, "POST /v1/bulk/check": problem("invalid_params", "Line 2 cannot be read.") });
    sheet().setTable("prompt\nx");
    const { user } = await rendered(<BulkPage />);
    await user.click(screen.getByRole("button", { name: "Check" }));
    expect((await screen.findByRole("alert")).textContent).toContain("Line 2 cannot be read.");
    expect(sheet().table).toBe("prompt\nx");
  });
});

describe("the head of a run", () => {
  const run = (change: Partial<Run>): Run =>
    ({
      id: "r1",
      kind: "bulk",
      name: "cups",
      state: "running",
      why: "",
      counts: { done: 1, waiting: 2 },
      total: 3,
      charged: "0.03",
      sandbox: false,
      notes: [],
      links: { csv: "/v1/runs/r1/csv" },
      ...change,
    }) as unknown as Run;
  const buttons = () => screen.queryAllByRole("button").map((one) => one.textContent);

  it.each([
    ["running", {}, ["Pause", "Cancel"]],
    ["paused", {}, ["Go on", "Cancel"]],
    ["review", {}, ["Cancel"]],
    ["finished", { counts: { done: 3 } }, []],
    ["finished", { counts: { done: 1, failed: 1, cancelled: 1 } }, ["Try 2 again"]],
    ["cancelled", { counts: { cancelled: 3 } }, ["Try 3 again"]],
  ])("%s, with what can be done: %j", async (state, change, wanted) => {
    await rendered(<RunHead run={run({ state, ...change })} />);
    expect(buttons()).toEqual(wanted);
    const zip = screen.queryByRole("link", { name: "Pictures as zip" });
    expect(zip?.getAttribute("href") ?? null).toBe(state === "cancelled" ? null : "/v1/runs/r1/zip");
  });

  it("says why it waits, unless a person knows", async () => {
    await rendered(<RunHead run={run({ state: "paused", why: "The budget is spent.", notes: ["Told."] })} />);
    expect(screen.getByText("The budget is spent.")).toBeTruthy();
    expect(screen.getByText("Told.")).toBeTruthy();
    await rendered(<RunHead run={run({ state: "paused", why: "by a person" })} />);
    expect(screen.queryByText("by a person")).toBeNull();
  });

  it("tells the gateway what is pressed, and the person what went wrong", async () => {
    const calls = gateway({ "POST /v1/runs/r1/pause": problem("conflict", "It is finished.", 409) });
    const { user } = await rendered(<RunHead run={run({})} />);
    await user.click(screen.getByRole("button", { name: "Pause" }));
    expect(await screen.findByText("It is finished.")).toBeTruthy();
    expect(calls.map((one) => one.path)).toEqual(["/v1/runs/r1/pause"]);
  });
});
