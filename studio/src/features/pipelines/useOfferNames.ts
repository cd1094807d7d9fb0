import { useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";

/** What a path is called: the input's name, or what of which step. */
export function useOfferNames(): (path: string) => string {
  const words = useWordsOf(pipelines);
  return (path) => {
    const [head, name = "", what] = path.split(".");
    if (head === "item") return words.item;
    if (head === "inputs") return name;
    if (what === "texts" || what === "text") return words.texts(name);
    return what === "image" ? words.image(name) : words.images(name);
  };
}
