import { useMantineColorScheme } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import {
  Blocks,
  Image,
  Keyboard,
  Languages,
  ListTodo,
  type LucideIcon,
  MessageSquareQuote,
  Moon,
  Search,
  Sun,
} from "lucide-react";
import { useImages } from "@/api/library";
import { useModels } from "@/api/queries";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { inLanguage, useWords, type Words } from "@/words";
import { PLACES } from "./places";

export interface Command {
  id: string;
  title: string;
  group: keyof Words["palette"]["groups"];
  icon: LucideIcon;
  run: () => void;
}

const MOST = 6; // of a kind

/** What the palette offers for some words; without words, what can be done anywhere. */
export function useCommands(text: string, acts: { onQueue: () => void; onShortcuts: () => void }): Command[] {
  const words = useWords();
  const navigate = useNavigate();
  const { setColorScheme } = useMantineColorScheme();
  const language = useLook((look) => look.language);
  const setLook = useLook((look) => look.set);
  const draft = useDraft.getState();
  const { data: list } = useModels();
  const wanted = text.trim().toLowerCase();
  const [q] = useDebouncedValue(wanted, 150);
  const { data: found } = useImages(q ? { q } : {});
  const fits = (...texts: string[]) =>
    wanted.split(/\s+/).every((word) => texts.join(" ").toLowerCase().includes(word));

  const places = PLACES.map(
    (one): Command => ({
      id: one.to.slice(1),
      title: words.nav[one.word],
      group: "go",
      icon: one.icon,
      run: () => void navigate({ to: one.to }),
    }),
  );
  const doing: Command[] = [
    { id: "queue", title: words.palette.queue, group: "act", icon: ListTodo, run: acts.onQueue },
    { id: "keys", title: words.palette.shortcuts, group: "act", icon: Keyboard, run: acts.onShortcuts },
    { id: "light", title: words.palette.light, group: "act", icon: Sun, run: () => setColorScheme("light") },
    { id: "dark", title: words.palette.dark, group: "act", icon: Moon, run: () => setColorScheme("dark") },
    { id: "en", title: "English", group: "act", icon: Languages, run: () => setLook({ language: "en" }) },
    { id: "de", title: "Deutsch", group: "act", icon: Languages, run: () => setLook({ language: "de" }) },
  ];
  const always = [...places, ...doing].filter((one) => fits(one.title));
  if (!wanted) return always;

  const models = (list?.models ?? [])
    .filter((one) => one.available && fits(one.id, inLanguage(one.titles, language)))
    .slice(0, MOST)
    .map(
      (one): Command => ({
        id: `model-${one.id}`,
        title: inLanguage(one.titles, language),
        group: "model",
        icon: Blocks,
        run: () => {
          draft.chooseModel(one.id);
          void navigate({ to: "/create" });
        },
      }),
    );
  const prompts = draft.recent
    .filter((one) => fits(one))
    .slice(0, MOST)
    .map(
      (one, place): Command => ({
        id: `prompt-${place}`,
        title: one,
        group: "prompt",
        icon: MessageSquareQuote,
        run: () => {
          draft.change({ prompt: one });
          void navigate({ to: "/create" });
        },
      }),
    );
  const pictures = (q === wanted ? (found?.pages[0]?.images ?? []) : []).slice(0, MOST).map(
    (one): Command => ({
      id: `picture-${one.id}`,
      title: one.prompt || words.image.noPrompt,
      group: "picture",
      icon: Image,
      run: () => void navigate({ to: "/i/$id", params: { id: one.id } }),
    }),
  );
  const search: Command = {
    id: "find",
    title: words.palette.find(text.trim()),
    group: "picture",
    icon: Search,
    run: () => void navigate({ to: "/gallery", search: { q: text.trim() } }),
  };
  return [...always, ...models, ...prompts, search, ...pictures];
}
