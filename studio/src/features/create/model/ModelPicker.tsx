import { Group, Modal, ScrollArea, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Search } from "lucide-react";
import { useState } from "react";
import { useModels } from "@/api/queries";
import type { ModelSummary, ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { decimal, money } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { Prose } from "@/ui/Prose";
import { inLanguage, useWords } from "@/words";
import { useDraft } from "../draft";
import { grouped, matching } from "./groups";
import classes from "./ModelPicker.module.css";

/** All models by family: what each is good at, where it is made, what it costs and how long it takes. */
export default function ModelPicker({ onClose }: { onClose: () => void }) {
  const words = useWords();
  const { data } = useModels();
  const language = useLook((look) => look.language);
  const phone = useMediaQuery("(max-width: 48em)", false);
  const [text, setText] = useState("");
  const [provider, setProvider] = useState<"all" | ProviderName>("all");
  const chosen = useDraft((draft) => draft.model);
  const choose = useDraft((draft) => draft.chooseModel);
  const found = matching(data?.models ?? [], text, provider === "all" ? null : provider, language);

  return (
    <Modal
      opened
      onClose={onClose}
      title={words.create.chooseModel}
      size={820}
      fullScreen={phone}
      scrollAreaComponent={ScrollArea.Autosize}
      closeButtonProps={{ "aria-label": words.shell.close }}
    >
      <Group mb="sm" wrap="nowrap" className={classes.search}>
        <TextInput
          flex={1}
          data-autofocus
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          placeholder={words.create.searchModels}
          aria-label={words.create.searchModels}
          leftSection={<Search size={16} aria-hidden />}
        />
        <SegmentedControl
          size="sm"
          aria-label={words.create.provider}
          value={provider}
          onChange={(next) => setProvider(next as "all" | ProviderName)}
          data={[
            { value: "all", label: words.gallery.all },
            { value: "bfl", label: PROVIDERS.bfl },
            { value: "fal", label: PROVIDERS.fal },
          ]}
        />
      </Group>
      {grouped(found).map(({ family, title, models }) => (
        <section key={family} aria-label={title}>
          <Text component="h3" size="sm" fw={600} className="quiet" mt="md" mb={6}>
            {title}
          </Text>
          <div className={classes.list}>
            {models.map((one) => (
              <Row
                key={one.id}
                model={one}
                chosen={one.id === chosen}
                onChoose={() => {
                  choose(one.id, provider === "all" ? "auto" : provider);
                  onClose();
                }}
              />
            ))}
          </div>
        </section>
      ))}
      {!found.length && <Text py="lg">{words.create.noModel}</Text>}
    </Modal>
  );
}

function Row({ model, chosen, onChoose }: { model: ModelSummary; chosen: boolean; onChoose: () => void }) {
  const words = useWords().create;
  const language = useLook((look) => look.language);
  const routes = Object.entries(model.routes) as [ProviderName, NonNullable<ModelSummary["routes"]["bfl"]>][];
  const first = routes.find(([, route]) => route.available)?.[1] ?? routes[0]?.[1];
  const limit = Math.max(0, ...routes.flatMap(([, route]) => Object.values(route.max_references)));
  const price = first && Object.values(first.prices)[0]?.example.low;
  return (
    <button
      type="button"
      className={classes.row}
      data-chosen={chosen || undefined}
      aria-pressed={chosen}
      disabled={!model.available}
      onClick={onChoose}
    >
      <span className={classes.head}>
        <strong>{inLanguage(model.titles, language)}</strong>
        {routes.map(([name, route]) => (
          <span key={name} className={classes.badge} data-off={!route.available || undefined}>
            {PROVIDERS[name]}
          </span>
        ))}
        {model.status !== "active" && <span className={classes.badge}>{words[model.status]}</span>}
        {!model.available && model.status !== "retired" && <span className="quiet">{words.unavailable}</span>}
      </span>
      <span className={`${classes.about} quiet clamp2`}>
        <Prose text={inLanguage(model.descriptions, language)} />
      </span>
      <span className={`${classes.facts} figures`}>
        {words.about(decimal(model.seconds, language, 0))} · {limit ? words.upTo(limit) : words.noReferences}
        {price && ` · ${words.each(money(price, language))}`}
      </span>
    </button>
  );
}
