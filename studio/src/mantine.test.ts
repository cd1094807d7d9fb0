import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const STYLES = "node_modules/@mantine/core/styles";
/** Styles that another component draws with. */
const INSIDE = new Set(
  "baseline default-css-variables global Paper Overlay ModalBase Input InlineInput Combobox FloatingIndicator CloseButton CheckboxIndicator Pill PillsInput Notification ScrollArea UnstyledButton Loader ColorSwatch ColorPicker".split(
    " ",
  ),
);

const sheet = readFileSync("src/mantine.css", "utf8");
const styled = [...sheet.matchAll(/core\/styles\/([\w-]+)\.css/g)].map((found) => found[1] ?? "");
const screens = readdirSync("src", { recursive: true })
  .map(String)
  .filter((file) => file.endsWith(".tsx"));
const used = new Set(
  screens.flatMap((file) =>
    [...readFileSync(`src/${file}`, "utf8").matchAll(/import \{([^}]*)\} from "@mantine\/core"/g)].flatMap(
      (found) => (found[1] ?? "").split(",").map((name) => name.trim()),
    ),
  ),
);

describe("the styles that the page carries", () => {
  it("are those of every component that it draws", () => {
    const missing = [...used].filter((name) => existsSync(`${STYLES}/${name}.css`) && !styled.includes(name));
    expect(missing).toEqual([]);
  });

  it("are of no component that it does not draw", () => {
    expect(styled.filter((name) => !used.has(name) && !INSIDE.has(name))).toEqual([]);
  });
});
