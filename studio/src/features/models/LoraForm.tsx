import { Button, NumberInput, Select, TextInput } from "@mantine/core";
import { useState } from "react";
import type { ModelSummary } from "@/api/types";
import { useLook } from "@/look";
import { inLanguage, useWords } from "@/words";
import { isPath, useLoras } from "./loras";
import classes from "./Models.module.css";

const EMPTY = { name: "", path: "", scale: 1, trigger: "", base: "" };

/** One more LoRA for the shelf. */
export function LoraForm({ takers }: { takers: ModelSummary[] }) {
  const words = useWords().models;
  const language = useLook((look) => look.language);
  const keep = useLoras((shelf) => shelf.keep);
  const [lora, setLora] = useState(EMPTY);
  const set = (change: Partial<typeof EMPTY>) => setLora({ ...lora, ...change });
  const path = lora.path.trim();
  const wrong = path !== "" && !isPath(path);

  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (!path || wrong) return;
        keep({ ...lora, path, name: lora.name.trim() || path, trigger: lora.trigger.trim() });
        setLora(EMPTY);
      }}
    >
      <TextInput
        label={words.loraPath}
        placeholder="https://… / owner/name"
        value={lora.path}
        onChange={(event) => set({ path: event.currentTarget.value })}
        error={wrong ? words.loraBad : undefined}
      />
      <TextInput
        label={words.loraName}
        value={lora.name}
        onChange={(event) => set({ name: event.currentTarget.value })}
        maxLength={80}
      />
      <TextInput
        label={words.loraTrigger}
        value={lora.trigger}
        onChange={(event) => set({ trigger: event.currentTarget.value })}
        maxLength={200}
      />
      <NumberInput
        label={words.loraScale}
        value={lora.scale}
        min={0}
        max={4}
        step={0.1}
        onChange={(scale) => typeof scale === "number" && set({ scale })}
      />
      <Select
        label={words.loraBase}
        clearable
        searchable
        value={lora.base || null}
        onChange={(base) => set({ base: base ?? "" })}
        data={takers.map((one) => ({ value: one.id, label: inLanguage(one.titles, language) }))}
      />
      <Button type="submit" variant="default" disabled={!path || wrong} style={{ alignSelf: "end" }}>
        {words.loraKeep}
      </Button>
    </form>
  );
}
