import { Button, FileButton, Group, TextInput } from "@mantine/core";
import { useId, useRef, useState } from "react";
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

  const turn = useRef(0);

  async function take(file: File | null) {
    if (!file) return;
    turn.current += 1;
    const mine = turn.current;
    const slot = slotOf(file);
    setPreview(slot.preview);
    const found = await upload(file);
    if (mine !== turn.current) return; // another file was taken meanwhile, or an address written
    setWrong(found.problem ?? "");
    if (found.source) onChange(found.source);
    else setPreview("");
  }
  function write(address: string) {
    turn.current += 1;
    setPreview("");
    setWrong("");
    onChange(address || undefined);
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
          onChange={(event) => write(event.currentTarget.value)}
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
