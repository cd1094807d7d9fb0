// What people do most, each with no more clicks than it may take, and once more without a mouse.

import assert from "node:assert/strict";
import { keyboard, mouse } from "../hands.mjs";
import {
  counted,
  create,
  drop,
  earlier,
  edited,
  generate,
  generated,
  holds,
  PATIENCE,
  PICTURE,
  patch,
  png,
  prompt,
  row,
  rowIn,
  seen,
  unique,
  until,
  whilePaused,
} from "../steps.mjs";

const HANDS = [mouse, keyboard];

/** Do the same with both hands; `most` clicks with the mouse, none with the keyboard. */
async function both(visitor, most, begin, act) {
  for (const hand of HANDS) {
    const page = await visitor();
    const clicks = await counted(page);
    const given = await begin(page);
    const before = await clicks();
    await act(page, (target, key) => hand.press(page, target, key), given, hand);
    const made = (await clicks()) - before;
    assert.equal(made, hand === mouse ? most : 0, `${made} clicks ${hand.name}`);
    await page.context().close();
  }
}

export async function clicks_first_image_without_a_key_2(visitor) {
  await both(
    visitor,
    2,
    (page) => page.goto("/"),
    async (page, press) => {
      await press(page.getByRole("button", { name: "Start in the sandbox" }));
      await page.waitForURL("**/create");
      const made = await generated(page, "succeeded", () => press(generate(page)));
      await seen(row(page, made).locator("figure img"));
    },
  );
}

export async function clicks_text_to_image_1(visitor) {
  await both(
    visitor,
    1,
    (page) => create(page, { prompt: "once more" }),
    async (page, press) => void (await generated(page, "succeeded", () => press(generate(page)))),
  );
}

export async function clicks_edit_with_three_references_2(visitor) {
  await both(
    visitor,
    1,
    (page) => create(page, { prompt: "image 1, image 2 and image 3" }),
    async (page, press, _, hand) => {
      if (hand === mouse) {
        const zone = page.getByRole("region", { name: "References" });
        await drop(page, zone, [png("a.png"), png("b.png"), png("c.png")]); // what a drop takes: one
      } else {
        const [chooser] = await Promise.all([
          page.waitForEvent("filechooser"),
          press(page.getByRole("button", { name: /^Drop, paste or choose/ })),
        ]);
        const file = (name) => ({ name, mimeType: "image/png", buffer: PICTURE });
        await chooser.setFiles([file("a.png"), file("b.png"), file("c.png")]);
      }
      await page.getByRole("button", { name: "Remove image 3" }).waitFor({ state: "attached" });
      const made = await generated(page, "succeeded", () => press(generate(page)));
      assert.equal(made.references.length, 3);
    },
  );
}

export async function clicks_reuse_everything_1(visitor, base) {
  const made = await earlier(base, "used once more");
  await both(
    visitor,
    1,
    async (page) => {
      await page.goto(`/i/${made.id}`);
      await page.getByRole("cell", { name: "flux-2-klein-4b" }).waitFor();
    },
    async (page, press, _, hand) => {
      if (hand === mouse) await press(page.getByRole("button", { name: "Use these settings" }));
      else await page.keyboard.press("a");
      await page.waitForURL("**/create");
      await holds(prompt(page), "used once more");
      await page
        .locator("[data-field=seed]")
        .getByRole("radio", { name: "Fixed", checked: true })
        .waitFor({ state: "attached" });
    },
  );
}

export async function clicks_same_prompt_on_both_providers_2(visitor) {
  await both(
    visitor,
    2,
    async (page) => {
      await create(page, { model: "flux-2-pro", prompt: unique("both ") });
      return generated(page, "succeeded", () => page.keyboard.press("Control+Enter"));
    },
    async (page, press, made) => {
      await press(row(page, made).getByRole("button", { name: "Compare", exact: true }));
      await page.getByRole("button", { name: /^Make 2 cells.*\$/ }).waitFor();
      await press(page.getByRole("button", { name: /^Make 2 cells/ }));
      await page.locator("header [role=status]", { hasText: /Finished · 2 of 2/ }).waitFor();
    },
  );
}

export async function clicks_grid_of_four_by_three_5(visitor) {
  await both(
    visitor,
    4,
    (page) => create(page, { model: "flux-2-flex", prompt: unique("grid ") }),
    async (page, press) => {
      await press(page.getByRole("link", { name: "Compare", exact: true }));
      await page.waitForURL("**/compare");
      const axis = async (name, field, values) => {
        const list = page.getByRole("combobox", { name });
        await press(list);
        await page.keyboard.press("Control+a");
        await page.keyboard.type(field);
        await page.getByRole("option", { name: field, exact: true }).waitFor();
        await page.keyboard.press("ArrowDown");
        await page.locator("[role=option][data-combobox-selected]", { hasText: field }).waitFor();
        await page.keyboard.press("Enter");
        await holds(list, field);
        await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label") === "Values");
        await page.keyboard.type(values);
      };
      await axis("Columns", "Seed", "1, 2, 3, 4");
      await axis("Rows", "Guidance", "2, 4, 6");
      await page.getByText("4 × 3 = 12 cells").waitFor();
      await press(page.getByRole("button", { name: /^Make 12 cells/ }));
      await page.locator("header [role=status]", { hasText: /12 of 12/ }).waitFor({ timeout: 2 * PATIENCE });
    },
  );
}

export async function clicks_before_and_after_1(visitor, base) {
  const parent = await earlier(base, "a street by day");
  const child = await edited(base, parent.id, "the street by night");
  await both(
    visitor,
    1,
    async (page) => {
      await page.goto(`/i/${child.id}`);
      await page.getByRole("button", { name: "Before and after" }).waitFor();
    },
    async (page, press, _, hand) => {
      if (hand === mouse) await press(page.getByRole("button", { name: "Before and after" }));
      else await page.keyboard.press("b");
      await page.getByAltText("Before").waitFor();
    },
  );
}

export async function clicks_find_the_best_red_shoe_1(visitor, base) {
  const word = unique("shoe");
  const best = await earlier(base, `a red ${word}`);
  await earlier(base, `a red ${word}, worse`);
  await patch(base, best.id, { rating: 4 });
  await both(
    visitor,
    1,
    async (page) => {
      await page.goto("/gallery");
      await page.getByRole("gridcell").first().waitFor();
    },
    async (page, press, _, hand) => {
      const search = page.getByRole("textbox", { name: "Search prompts" });
      if (hand === mouse) await press(search);
      else await page.keyboard.press("/");
      await page.waitForFunction(() => document.activeElement?.tagName === "INPUT");
      await page.keyboard.type(`red ${word} ★4 ${new Date().toISOString().slice(0, 7)}`);
      await page.getByText("1 picture", { exact: true }).waitFor();
    },
  );
}

export async function clicks_python_code_2(visitor, base) {
  const word = unique("code");
  await earlier(base, word);
  await both(
    visitor,
    2,
    async (page) => {
      await page.goto(`/gallery?q=${word}`);
      await page.getByRole("gridcell").first().waitFor();
    },
    async (page, press) => {
      await press(page.getByRole("grid").locator("a[tabindex='0']"));
      await page.waitForURL("**/i/*");
      const tab = page.getByRole("tab", { name: "Code" });
      await tab.waitFor();
      const details = page.getByRole("tab", { name: "Details" });
      if (await tab.evaluate((one) => one.tabIndex < 0)) await walk(page, press, details);
      else await press(tab);
      await page.getByText("from fluxroom import Client").waitFor();
    },
  );
}

/** Of tabs only the chosen one has the focus by Tab; the mouse goes straight to another. */
async function walk(page, press, details) {
  const before = await page.evaluate(() => window.__clicks);
  const code = page.getByRole("tab", { name: "Code" });
  if (before > 0) return press(code);
  await press(details);
  await page.keyboard.press("ArrowRight");
}

export async function clicks_what_today_cost_0(visitor, base) {
  await earlier(base, "costs a little");
  const today = new Date().toISOString().slice(0, 10);
  await both(
    visitor,
    0,
    (page) => create(page),
    async (page) => {
      const { total } = await (await fetch(`${base}/v1/usage?since=${today}&sandbox=true`)).json();
      assert.ok(Number(total.charged) > 0);
      await page.getByRole("link", { name: /^Spent today: \$\d/ }).waitFor();
    },
  );
}

export async function clicks_cancel_everything_waiting_2(visitor, base) {
  await whilePaused(base, "bfl", () =>
    both(
      visitor,
      3,
      async (page) => {
        await create(page, { model: "flux-2-pro", provider: "bfl", prompt: unique("waits ") });
        const made = await generated(page, "queued", () => page.keyboard.press("Control+Enter"));
        await page.evaluate(() => document.activeElement?.blur());
        return made;
      },
      async (page, press, made, hand) => {
        await press(page.getByRole("button", { name: /^Queue/ }));
        await press(page.getByRole("button", { name: "Cancel all waiting" }));
        await page.getByText(/request(s were| was) cancelled/).waitFor();
        await page.keyboard.press("Escape"); // the drawer keeps the focus in itself
        await rowIn(page, made, "cancelled").waitFor();
        // The third click: taken back.
        if (hand === mouse) await press(page.getByRole("button", { name: "Undo" }));
        else await page.keyboard.press("Control+z");
        // Asked again, it is another request of the same words.
        await page.locator("[data-state=queued]", { hasText: made.prompt }).waitFor();
      },
    ),
  );
}

export async function clicks_undo_a_delete_1(visitor, base) {
  const word = unique("undone");
  const made = await earlier(base, word);
  await both(
    visitor,
    1,
    async (page) => {
      await page.goto(`/gallery?q=${word}`);
      await page.getByRole("grid").locator("a[tabindex='0']").focus();
      await page.keyboard.press("Delete");
      await page.getByText("1 picture is in the trash.").waitFor();
    },
    async (page, press, _, hand) => {
      if (hand === mouse) await press(page.getByRole("button", { name: "Undo" }));
      else await page.keyboard.press("Control+z");
      await page.getByRole("gridcell").first().waitFor();
      const told = async () => (await (await fetch(`${base}/v1/images/${made.id}`)).json()).trashed_at;
      await until(page, told, null);
    },
  );
}
