import { useModels } from "@/api/queries";
import type { Axis, Item, Run } from "@/api/runs";
import type { Json, ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { PROVIDERS } from "@/shell/TopBar";
import { useTitles } from "@/ui/useTitles";
import { inLanguage, useWords } from "@/words";
import { written } from "./axes";

interface CellNames {
  /** A value on an axis. */
  value: (axis: string, value: Json) => string;
  /** A cell: its values on both axes. */
  cell: (item: Item) => string;
}

/** What people call the cells of a comparison, in the page's language. */
export function useCellNames(run: Run | undefined): CellNames {
  const { compare } = useWords();
  const language = useLook((look) => look.language);
  const { data: list } = useModels();
  const spec = run?.spec as { request?: { model?: string }; x?: Axis; y?: Axis } | undefined;
  const [model = "", at] = (spec?.request?.model ?? "").split("/").reverse();
  const routes = list?.models.find((one) => one.id === model)?.routes ?? {};
  const provider = (at ?? Object.keys(routes)[0] ?? "bfl") as ProviderName;
  const titleOf = useTitles(model, provider, "generate");

  function value(axis: string, given: Json): string {
    if (axis === "provider") return PROVIDERS[given as ProviderName] ?? written(given);
    if (axis === "prompt") return written(given);
    if (axis === "model") {
      const [id, place] = String(given).split("/").reverse();
      const title = inLanguage(list?.models.find((one) => one.id === id)?.titles, language) || String(given);
      return place ? `${title} · ${PROVIDERS[place as ProviderName] ?? place}` : title;
    }
    const lora = /^loras\.(\d+)\.scale$/.exec(axis);
    const name = lora ? compare.loraScale(Number(lora[1]) + 1) : titleOf(axis);
    return `${name} ${written(given)}`;
  }
  function cell(item: Item): string {
    const { x, y } = item.note as { x?: number; y?: number };
    const parts = [
      spec?.x?.name ? value(spec.x.name, spec.x.values[x ?? 0] as Json) : "",
      spec?.y?.name ? value(spec.y.name, spec.y.values[y ?? 0] as Json) : "",
    ];
    return parts.filter(Boolean).join(", ") || item.key;
  }
  return { value, cell };
}
