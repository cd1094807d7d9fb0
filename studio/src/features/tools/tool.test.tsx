import { screen, waitFor } from "@testing-library/react";
import { act, useState } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import type { Reference } from "@/features/create/draft";
import { useLook } from "@/look";
import { file, gateway, held, problem, rendered } from "@/testing/rendered";
import { FrameField } from "./FrameField";
import { GoBar } from "./GoBar";
import { MaskField } from "./MaskField";
import { ToolsPage } from "./ToolsPage";
import { NO_SIDES } from "./tools";
import { wholeOf } from "./useFirstPicture";

beforeEach(() => useLook.setState({ language: "en" }));

const HASH = "b".repeat(64);
const slot = (change: Partial<Reference>): Reference => ({
  slot: "s",
  source: HASH,
  preview: "",
  name: "a",
  state: "ready",
  ...change,
});

describe("a frame", () => {
  function Held() {
    const [sides, setSides] = useState(NO_SIDES);
    const picture = { width: 400, height: 300, address: "/p" };
    return <FrameField picture={picture} sides={sides} onChange={setSides} />;
  }

  it("is set by a ratio, all round, by pixels, and taken away", async () => {
    const { user } = await rendered(<Held />);
    const of = (name: string) => (screen.getByRole("textbox", { name }) as HTMLInputElement).value;
    await user.click(screen.getByRole("button", { name: "to 1:1" }));
    expect([of("Top"), of("Right"), of("Bottom"), of("Left")]).toEqual(["50", "0", "50", "0"]);
    expect(screen.getByText("400 × 400 px in the end")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "+25 % all round" }));
    expect(screen.getByText("600 × 450 px in the end")).toBeTruthy();
    await user.clear(screen.getByRole("textbox", { name: "Left" }));
    await user.type(screen.getByRole("textbox", { name: "Left" }), "12");
    expect(screen.getByText("512 × 450 px in the end")).toBeTruthy();
    await user.click(screen.getByRole("button", { name: "None" }));
    expect(screen.getByText("400 × 300 px in the end")).toBeTruthy();
    expect(screen.queryByRole("button", { name: "None" })).toBeNull();
  });

  it("asks for a picture first", async () => {
    await rendered(<FrameField picture={null} sides={NO_SIDES} onChange={() => {}} />);
    expect(screen.getByText(/^Choose a picture, then/)).toBeTruthy();
  });
});

describe("a mask", () => {
  it("needs a picture to be painted over", async () => {
    await rendered(<MaskField picture="" mask={null} onChange={() => {}} />);
    const paint = screen.getByRole("button", { name: "Paint over the picture" }) as HTMLButtonElement;
    expect(paint.disabled).toBe(true);
  });

  it("is seen, and says what is wrong with it", async () => {
    await rendered(
      <MaskField picture="/p" mask={slot({ preview: "/m", problem: "Too small." })} onChange={() => {}} />,
    );
    expect(screen.getByAltText("Mask").getAttribute("src")).toBe("/m");
    expect(screen.getByRole("button", { name: "Paint again" })).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toBe("Too small.");
  });

  describe("that is uploaded", () => {
    const masked = async (answer: unknown) => {
      gateway({ "POST /v1/assets": answer });
      URL.createObjectURL = () => "blob:here";
      let mask: Reference | null = null;
      let set: (next: Reference | null) => void = () => {};
      function Held() {
        const [now, setNow] = useState<Reference | null>(null);
        mask = now;
        set = setNow;
        return <MaskField picture="/p" mask={now} onChange={setNow} />;
      }
      const view = await rendered(<Held />);
      const input = view.container.querySelector<HTMLInputElement>("input[type=file]");
      if (!input) throw new Error("no input");
      const take = (name: string) => view.user.upload(input, file(name));
      return { take, mask: () => mask, set: (next: Reference | null) => act(() => set(next)) };
    };

    it("is sent, and seen where the gateway keeps it", async () => {
      const { take, mask } = await masked({ sha256: HASH });
      await take("mask.png");
      await waitFor(() => expect(mask()?.state).toBe("ready"));
      expect(mask()).toMatchObject({ source: HASH, preview: `/v1/assets/${HASH}/thumbnail` });
    });

    it("does not come back to a picture that was taken out meanwhile", async () => {
      const late = held();
      const { take, mask, set } = await masked(() => late.answer);
      await take("mask.png");
      await waitFor(() => expect(mask()?.state).toBe("uploading"));
      set(null);
      await late.give({ sha256: HASH });
      expect(mask()).toBeNull();
    });

    it("does not take the place of a later one", async () => {
      const late = held();
      const { take, mask, set } = await masked(() => late.answer);
      await take("mask.png");
      await waitFor(() => expect(mask()?.state).toBe("uploading"));
      const later = slot({ slot: "later", source: "painted" });
      set(later);
      await late.give({ sha256: HASH });
      expect(mask()).toEqual(later);
    });

    it("and cannot be used leaves the one that is there", async () => {
      const { take, mask, set } = await masked({ sha256: HASH });
      const before = slot({});
      set(before);
      await take("mask.heic");
      expect(await screen.findByText(/HEIC/)).toBeTruthy();
      expect(mask()).toEqual(before);
    });
  });

  it("is painted over the picture in its own pixels, wherever it came from", () => {
    expect(wholeOf(slot({}))).toBe(`/v1/assets/${HASH}/file`);
    expect(wholeOf(slot({ source: "01abc", preview: "/v1/images/01abc/thumbnail" }))).toBe(
      "/v1/images/01abc/file",
    );
    expect(wholeOf(slot({ source: "https://x.de/a.png" }))).toBe("");
    expect(wholeOf(slot({ state: "uploading" }))).toBe("");
    expect(wholeOf(undefined)).toBe("");
  });
});

describe("the button", () => {
  const quote = { quote: { low: "0.05", high: "0.05" }, not_sent: [] };
  const body = { model: "bfl/flux-pro-fill" };
  const button = () => screen.getByTestId("generate") as HTMLButtonElement;

  it("says what is missing, and asks for no price until then", async () => {
    const calls = gateway({ "POST /v1/quotes": quote });
    await rendered(<GoBar name="fill" body={body} missing="mask" />);
    expect(button().disabled).toBe(true);
    expect(screen.getByRole("status").textContent).toBe("Paint what changes first.");
    expect(calls).toEqual([]);
  });

  it("has the price on it, and sends what was priced once for each press", async () => {
    const calls = gateway({
      "POST /v1/quotes": quote,
      "POST /v1/generations": { id: "g", jobs: [], images: [] },
    });
    const { user } = await rendered(<GoBar name="fill" body={body} missing={null} />);
    await waitFor(() => expect(button().textContent).toContain("$0.05"));
    await user.click(button());
    await waitFor(() =>
      expect(calls.filter((one) => one.path === "/v1/generations").map((one) => one.body)).toEqual([body]),
    );
  });

  it("is off while the request is refused, and says why", async () => {
    gateway({ "POST /v1/quotes": problem("invalid_params", "guidance_scale: 200 is above 100.") });
    await rendered(<GoBar name="fill" body={body} missing={null} />);
    expect(await screen.findByText(/guidance_scale: 200 is above 100/)).toBeTruthy();
    expect(button().disabled).toBe(true);
  });
});

it("all tools stand on one page, with the price of those that can be used", async () => {
  const route = { available: true, prices: { deblur: { example: { low: "0.03" } } } };
  const model = { id: "flux-deblur", status: "active", modes: ["deblur"], routes: { bfl: route } };
  gateway({ "GET /v1/models": { default: "x", models: [model] } });
  await rendered(<ToolsPage />);
  expect(screen.getAllByRole("link")).toHaveLength(7);
  await waitFor(() => expect(screen.getByRole("link", { name: /^Deblur/ }).textContent).toContain("$0.03"));
  expect(screen.getByRole("link", { name: /^Fill/ }).getAttribute("href")).toBe("/tools/fill");
});
