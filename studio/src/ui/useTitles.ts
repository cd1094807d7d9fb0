import { useModel } from "@/api/queries";
import type { ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { humanise } from "@/numbers";
import { inLanguage } from "@/words";

/** What the parameters of a model are called in the page's language. */
export function useTitles(model: string, provider: ProviderName, mode: string): (name: string) => string {
  const language = useLook((look) => look.language);
  const { data } = useModel(model);
  const parameters = data?.routes[provider]?.modes[mode]?.parameters;
  return (name) => {
    const hints = parameters?.find((one) => one.name === name)?.["x-ui"];
    return inLanguage(hints?.title, language) || humanise(name);
  };
}
