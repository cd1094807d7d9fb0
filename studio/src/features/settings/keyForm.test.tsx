import { screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { useLook } from "@/look";
import { gateway, held, problem, rendered } from "@/testing/rendered";
import { Keys } from "./Keys";

const key = (name: string, change: object = {}) => ({
  id: `id-of-${name}`,
  name,
  owner: name,
  scopes: ["read", "generate"],
  created_at: "2026-01-02T03:04:05Z",
  last_used_at: null,
  revoked_at: null,
  expires_at: null,
  ...change,
});
const name = () => screen.findByRole<HTMLInputElement>("textbox", { name: "Name" });
const make = () => screen.getByRole("button", { name: "Make a key" });

beforeEach(() => useLook.setState({ language: "en" }));

describe("the keys of a gateway", () => {
  it("are made once for each press, and the next name may be typed meanwhile", async () => {
    const late = held();
    const calls = gateway({ "GET /v1/keys": { keys: [] }, "POST /v1/keys": () => late.answer });
    const { user } = await rendered(<Keys />);
    await user.type(await name(), "anna{Enter}{Enter}");
    await user.clear(await name());
    await user.type(await name(), "berta");
    await late.give({ key: "flux_secret" });
    expect(await screen.findByText("flux_secret")).toBeTruthy();
    expect((await name()).value).toBe("berta");
    const made = calls.filter((one) => one.method === "POST");
    expect(made.map((one) => (one.body as { name: string }).name)).toEqual(["anna"]);
  });

  it("that the gateway refuses leave what was written", async () => {
    gateway({
      "GET /v1/keys": { keys: [] },
      "POST /v1/keys": problem("invalid_params", "There is an anna."),
    });
    const { user } = await rendered(<Keys />);
    await user.type(await name(), "anna");
    await user.click(make());
    expect(await screen.findByText(/There is an anna\./)).toBeTruthy();
    expect((await name()).value).toBe("anna");
    await waitFor(() => expect((make() as HTMLButtonElement).disabled).toBe(false));
  });

  it("are no matter of somebody who is no admin", async () => {
    gateway({ "GET /v1/keys": problem("scope_missing", "Not you.", 403) });
    await rendered(<Keys />);
    await waitFor(() => expect(screen.queryByRole("button", { name: "Make a key" })).toBeNull());
    expect(await screen.findByText("Your key may not see the keys of others.")).toBeTruthy();
  });

  it("are revoked only when that is meant", async () => {
    const calls = gateway({ "GET /v1/keys": { keys: [key("anna")] }, "DELETE /v1/keys/id-of-anna": {} });
    const { user } = await rendered(<Keys />);
    await user.click(await screen.findByRole("button", { name: /^Revoke/ }));
    await user.click(await screen.findByRole("button", { name: "Cancel" }));
    expect(calls.some((one) => one.method === "DELETE")).toBe(false);
    await user.click(screen.getByRole("button", { name: /^Revoke.*anna/ }));
    const dialog = await screen.findByRole("dialog");
    const yes = [...dialog.querySelectorAll("button")].find((one) => one.textContent === "Revoke");
    await user.click(yes as HTMLElement);
    await waitFor(() => expect(calls.some((one) => one.method === "DELETE")).toBe(true));
  });
});
