import type { CheckedPipeline } from "@/api/pipelines";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWords } from "@/words";

/** What the run costs: as it is, between two figures, or at least. */
export function usePriceText(checked: CheckedPipeline | undefined): string {
  const atLeast = useWords().create.atLeast;
  const language = useLook((look) => look.language);
  if (!checked) return "";
  const low = money(checked.low, language);
  if (checked.high === null) return `${atLeast}${low}`;
  return Number(checked.low) === Number(checked.high) ? low : `${low} – ${money(checked.high, language)}`;
}
