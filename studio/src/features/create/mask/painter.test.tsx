import { fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { useLook } from "@/look";
import { rendered } from "@/testing/rendered";
import MaskPainter from "./MaskPainter";

/** The painter over a picture of 320 × 256 pixels, or over one that does not come. */
async function painter(comes = true) {
  const decode = comes ? Promise.resolve() : Promise.reject(new DOMException("", "EncodingError"));
  decode.catch(() => undefined);
  vi.stubGlobal(
    "Image",
    class {
      src = "";
      naturalWidth = 320;
      naturalHeight = 256;
      decode = () => decode;
    },
  );
  const done = vi.fn(async (_: File) => {});
  const close = vi.fn();
  const view = await rendered(<MaskPainter picture="/p" onDone={done} onClose={close} />);
  return { ...view, done, close };
}
const button = (name: string) => screen.getByRole<HTMLButtonElement>("button", { name });

beforeEach(() => {
  useLook.setState({ language: "en" });
  // A canvas that counts what is drawn on it, and gives a file.
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue(
    new Proxy({}, { get: () => () => {}, set: () => true }) as never,
  );
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation((take) => take(new Blob(["mask"])));
});

describe("painting over a picture", () => {
  it("begins when the picture's size is known, and ends with a file", async () => {
    const { user, done, close } = await painter();
    const canvas = await screen.findByTestId<HTMLCanvasElement>("mask");
    expect([canvas.width, canvas.height]).toEqual([320, 256]);
    expect(button("Use this mask").disabled).toBe(true);
    await user.click(button("Add a rectangle"));
    await user.click(button("Use this mask"));
    await waitFor(() => expect(close).toHaveBeenCalledOnce());
    expect(done.mock.calls[0]?.[0]).toBeInstanceOf(File);
  });

  it("takes steps back, also by key", async () => {
    const { user } = await painter();
    await screen.findByTestId("mask");
    await user.click(button("Add a rectangle"));
    await user.click(button("Add a rectangle"));
    await user.click(button("Undo"));
    expect(button("Use this mask").disabled).toBe(false);
    fireEvent.keyDown(document.documentElement, { key: "z", ctrlKey: true });
    await waitFor(() => expect(button("Use this mask").disabled).toBe(true));
  });

  it("says when the picture cannot be had", async () => {
    await painter(false);
    expect((await screen.findByRole("alert")).textContent).toBe("A reference picture cannot be used.");
    expect(screen.queryByTestId("mask")).toBeNull();
    expect(button("Use this mask").disabled).toBe(true);
  });
});
