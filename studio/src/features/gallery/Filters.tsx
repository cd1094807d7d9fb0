import { Group, SegmentedControl, Select, Slider, TextInput } from "@mantine/core";
import { useDebouncedCallback, useHotkeys } from "@mantine/hooks";
import { useNavigate } from "@tanstack/react-router";
import { Search } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import type { useFacets } from "@/api/library";
import { useLook } from "@/look";
import { daysAgo } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { useWords } from "@/words";
import { type GallerySearch, SHOWS } from "./search";

interface Props {
  search: GallerySearch;
  facets: ReturnType<typeof useFacets>["data"];
}

const DAYS = ["1", "7", "30", "365"];

/** What is to be seen. It stands in the address, so that a search can be kept and shared. */
export function Filters({ search, facets }: Props) {
  const { gallery: words, create } = useWords();
  const modes = create.modes;
  const navigate = useNavigate();
  const box = useRef<HTMLInputElement>(null);
  const tile = useLook((look) => look.tile);
  const singleKeys = useLook((look) => look.singleKeys);
  const setLook = useLook((look) => look.set);
  const [text, setText] = useState(search.q ?? "");
  const set = (change: Partial<GallerySearch>) =>
    void navigate({
      to: "/gallery",
      search: (before: GallerySearch) => clean({ ...before, ...change }),
      replace: true,
    });
  // What was typed here comes back in the address, a moment later: it must not take the place of what was typed since.
  const sent = useRef<string[]>([]);
  const later = useDebouncedCallback((q: string) => {
    if (q !== (search.q ?? "")) sent.current.push(q);
    set({ q });
  }, 200);
  useEffect(() => {
    const q = search.q ?? "";
    const own = sent.current.indexOf(q);
    if (own < 0) setText(q);
    sent.current.splice(0, own + 1);
  }, [search.q]);
  useHotkeys(singleKeys ? [["/", () => box.current?.focus()]] : []);
  const counted = (
    counts: Record<string, number> | undefined,
    name: (key: string) => string = (key) => key,
  ) => Object.entries(counts ?? {}).map(([key, count]) => ({ value: key, label: `${name(key)} (${count})` }));

  return (
    <Group gap="sm" align="flex-end">
      <TextInput
        ref={box}
        flex="1 1 240px"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          later(event.currentTarget.value);
        }}
        placeholder={words.search}
        title={words.searchHelp}
        aria-label={words.search}
        leftSection={<Search size={16} aria-hidden />}
      />
      <SegmentedControl
        value={search.show ?? "all"}
        onChange={(show) => set({ show: show === "all" ? undefined : (show as GallerySearch["show"]) })}
        aria-label={words.title}
        data={(["all", ...SHOWS] as const).map((one) => ({ value: one, label: words[one] }))}
      />
      <Select
        w={200}
        clearable
        searchable
        value={search.model ?? null}
        onChange={(model) => set({ model: model ?? undefined })}
        placeholder={words.anyModel}
        aria-label={words.model}
        data={counted(facets?.model)}
      />
      <Select
        w={165}
        clearable
        value={search.provider ?? null}
        onChange={(provider) => set({ provider: (provider as "bfl" | "fal" | null) ?? undefined })}
        placeholder={words.anyProvider}
        aria-label={words.provider}
        data={counted(facets?.provider, (key) => PROVIDERS[key as "bfl" | "fal"] ?? key)}
      />
      <Select
        w={140}
        clearable
        value={search.mode ?? null}
        onChange={(mode) => set({ mode: (mode as GallerySearch["mode"]) ?? undefined })}
        placeholder={words.anyMode}
        aria-label={words.mode}
        data={counted(facets?.mode, (key) => modes[key] ?? key)}
      />
      {facets && Object.keys(facets.tag).length > 0 && (
        <Select
          w={150}
          clearable
          searchable
          value={search.tag ?? null}
          onChange={(tag) => set({ tag: tag ?? undefined })}
          placeholder={words.anyTag}
          aria-label={words.tag}
          data={counted(facets.tag)}
        />
      )}
      <Select
        w={130}
        clearable
        value={search.rating ? String(search.rating) : null}
        onChange={(rating) => set({ rating: rating ? Number(rating) : undefined })}
        placeholder={words.anyRating}
        aria-label={words.rating}
        data={["5", "4", "3", "2", "1"].map((one) => ({ value: one, label: "★".repeat(Number(one)) }))}
      />
      <Select
        w={150}
        clearable
        value={DAYS.find((days) => search.since === daysAgo(Number(days))) ?? null}
        onChange={(days) => set({ since: days ? daysAgo(Number(days)) : undefined })}
        placeholder={words.anyTime}
        aria-label={words.time}
        data={DAYS.map((days) => ({ value: days, label: words.lastDays(Number(days)) }))}
      />
      <Slider
        w={110}
        mb={12}
        min={120}
        max={400}
        step={10}
        label={null}
        thumbLabel={words.size}
        value={tile}
        onChange={(next) => setLook({ tile: next })}
        visibleFrom="sm"
      />
    </Group>
  );
}

function clean(search: GallerySearch): GallerySearch {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value)) as GallerySearch;
}
