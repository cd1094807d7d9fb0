import { Alert, Group, SegmentedControl, Stack } from "@mantine/core";
import { useMemo, useState } from "react";
import type { Model } from "@/api/types";
import { clampAll } from "@/form/clamp";
import { automaticProvider, fieldsOf, modeOf } from "@/form/fields";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Create.module.css";
import { useDraft } from "./draft";
import { Fields } from "./Fields";
import { GenerateBar } from "./GenerateBar";
import { JsonView } from "./JsonView";
import { ModelCard } from "./model/ModelCard";
import { NotSent } from "./NotSent";
import { PresetBar } from "./PresetBar";
import { toRequest } from "./request";
import { usePriceOf } from "./usePriceOf";

/** The form of the chosen model, with its price under it. */
export function Panel({ model }: { model: Model }) {
  const words = useWords().create;
  const draft = useDraft();
  const language = useLook((look) => look.language);
  const [view, setView] = useState<"form" | "json">("form");

  const provider =
    draft.provider !== "auto" && model.routes[draft.provider] ? draft.provider : automaticProvider(model);
  const route = model.routes[provider];
  const modes = route ? Object.keys(route.modes) : [];
  const name = modeOf(modes, draft.mode, draft.references.length);
  const mode = route?.modes[name];
  const fields = useMemo(() => (mode ? fieldsOf(mode, language) : []), [mode, language]);
  const kept = draft.values[model.id];
  const { values, changes } = useMemo(() => clampAll(fields, kept ?? {}), [fields, kept]);
  const body = toRequest(draft, fields, values);
  const price = usePriceOf(body, fields, draft);

  if (!mode) return <Alert color="red">{words.noModel}</Alert>;
  return (
    <>
      <Stack gap="md" className={classes.form}>
        <ModelCard model={model} provider={provider} mode={mode} modes={modes} modeName={name} />
        <Group justify="space-between" gap="xs" wrap="nowrap">
          <PresetBar mode={mode} />
          <SegmentedControl
            size="xs"
            ml="auto"
            value={view}
            onChange={(chosen) => setView(chosen as "form" | "json")}
            data={[
              { value: "form", label: words.form },
              { value: "json", label: words.json },
            ]}
          />
        </Group>
        {view === "json" ? (
          <JsonView body={body} />
        ) : (
          <Fields fields={fields} values={values} mode={mode} problem={price.problem} />
        )}
        {changes.map(
          ({ field, value }) =>
            value !== undefined && (
              <Alert key={field.name} color="yellow" variant="light" p="xs" className={classes.note}>
                {words.adjusted(
                  field.title,
                  String(typeof value === "object" ? JSON.stringify(value) : value),
                )}
              </Alert>
            ),
        )}
        <NotSent
          model={model}
          notes={price.quote?.not_sent ?? []}
          fields={fields}
          limit={mode.max_references}
        />
      </Stack>
      <GenerateBar body={body} price={price} mode={mode} fields={fields} provider={provider} />
    </>
  );
}
