import { ActionIcon, Button, Group, Select, Text, Title } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { Trash2 } from "lucide-react";
import { useState } from "react";
import { useModels } from "@/api/queries";
import type { ModelSummary } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { inLanguage, useWords } from "@/words";
import { LoraForm } from "./LoraForm";
import { type Lora, useLoras, withLora, withTrigger } from "./loras";
import classes from "./Models.module.css";

/** The LoRAs that a person keeps, each one press away from a form that has it. */
export function LoraShelf() {
  const words = useWords().models;
  const { data: list } = useModels();
  const loras = useLoras((shelf) => shelf.loras);
  const takers = (list?.models ?? []).filter((one) => one.lora && one.available && one.status !== "retired");
  return (
    <>
      <Text className="quiet">{words.loraLead}</Text>
      <LoraForm takers={takers} />
      {!loras.length && <Text mt="md">{words.loraNone}</Text>}
      <div className={classes.list} style={{ marginTop: 16 }}>
        {loras.map((one) => (
          <Card key={one.id} lora={one} takers={takers} />
        ))}
      </div>
    </>
  );
}

function Card({ lora, takers }: { lora: Lora; takers: ModelSummary[] }) {
  const words = useWords().models;
  const language = useLook((look) => look.language);
  const navigate = useNavigate();
  const forget = useLoras((shelf) => shelf.forget);
  // The models may come after the card: what nobody has chosen is never kept as a choice.
  const [picked, setPicked] = useState("");
  const chosen =
    [picked, lora.base].flatMap((id) => takers.find((one) => one.id === id) ?? [])[0] ?? takers[0];

  function use() {
    if (!chosen) return;
    const { chooseModel, change, setValue } = useDraft.getState();
    chooseModel(chosen.id);
    const draft = useDraft.getState();
    setValue("loras", withLora(draft.values[chosen.id]?.loras, lora));
    change({ prompt: withTrigger(draft.prompt, lora.trigger) });
    void navigate({ to: "/create" });
  }

  return (
    <article className={classes.card}>
      <Group justify="space-between" wrap="nowrap">
        <Title order={3} size="h5" style={{ minWidth: 0, overflowWrap: "anywhere" }}>
          {lora.name}
        </Title>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label={words.loraForget(lora.name)}
          onClick={() => forget(lora.id)}
        >
          <Trash2 size={15} aria-hidden />
        </ActionIcon>
      </Group>
      <Text size="sm" className="mono" style={{ overflowWrap: "anywhere" }}>
        {lora.path}
      </Text>
      <Text size="xs" className="quiet figures">
        {words.loraScale} {decimal(lora.scale, language, 2)}
        {lora.trigger && ` · ${lora.trigger}`}
      </Text>
      <Group gap={6} mt="auto">
        <Select
          size="xs"
          aria-label={words.loraModels}
          searchable
          allowDeselect={false}
          value={chosen?.id ?? null}
          onChange={(next) => setPicked(next ?? "")}
          data={takers.map((one) => ({ value: one.id, label: inLanguage(one.titles, language) }))}
        />
        <Button size="xs" variant="default" disabled={!chosen} onClick={use}>
          {words.loraUse(chosen ? inLanguage(chosen.titles, language) : "…")}
        </Button>
      </Group>
    </article>
  );
}
