import { Button, FileButton, Group, TextInput } from "@mantine/core";
import { useId, useState } from "react";
import { isSet } from "@/form/fields";
import { useWords } from "@/words";
import { ACCEPTED, slotOf, upload } from "../references/upload";
import { Labelled } from "./Labelled";
import type { FieldProps } from "./ParameterField";

/** A further picture that a model takes: a file, an address, or the hash of one. */
export function PictureField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().refs;
  const id = useId();
  const [preview, setPreview] = useState("");
  const [wrong, setWrong] = useState("");
  const text = typeof value === "string" ? value : "";
  const shown = preview || (/^[0-9a-f]{64}$/.test(text) ? `/v1/assets/${text}/thumbnail` : "");

  async function take(file: File | null) {
    if (!file) return;
    const slot = slotOf(file);
    setPreview(slot.preview);
    const found = await upload(file);
    setWrong(found.problem ?? "");
    if (found.source) onChange(found.source);
  }

  return (
    <Labelled
      field={field}
      htmlFor={id}
      problem={wrong || problem}
      onReset={isSet(value) ? () => onChange(undefined) : undefined}
    >
      <Group gap={8} wrap="nowrap">
        {text && shown && (
          <img src={shown} alt="" width={36} height={36} style={{ objectFit: "cover", borderRadius: 6 }} />
        )}
        <TextInput
          id={id}
          flex={1}
          value={text}
          placeholder="https://"
          onChange={(event) => onChange(event.currentTarget.value || undefined)}
        />
        <FileButton accept={ACCEPTED} onChange={(file) => void take(file)}>
          {(props) => (
            <Button {...props} variant="default" size="xs">
              {words.choose}
            </Button>
          )}
        </FileButton>
      </Group>
    </Labelled>
  );
}
