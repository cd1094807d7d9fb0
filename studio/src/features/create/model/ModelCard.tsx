import { SegmentedControl, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { ChevronsUpDown } from "lucide-react";
import { lazy, Suspense } from "react";
import type { Mode, Model, ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { decimal } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { Prose } from "@/ui/Prose";
import { inLanguage, useWords } from "@/words";
import classes from "../Create.module.css";
import { type Draft, useDraft } from "../draft";

const ModelPicker = lazy(() => import("./ModelPicker"));

interface Props {
  model: Model;
  provider: ProviderName;
  mode: Mode;
  modes: string[];
  modeName: string;
}

/** The chosen model, where it is made, and what it is to do. */
export function ModelCard({ model, provider, mode, modes, modeName }: Props) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const chosen = useDraft((draft) => draft.provider);
  const change = useDraft((draft) => draft.change);
  const [picking, { open, close }] = useDisclosure(false);
  const names = (Object.keys(model.routes) as ProviderName[]).filter((name) => model.routes[name]?.available);
  const derived = modes.every((one) => one === "generate" || one === "edit");
  return (
    <Stack gap={8}>
      <button type="button" className={classes.card} onClick={open} aria-haspopup="dialog">
        <span style={{ display: "flex", alignItems: "center", gap: 8 }}>
          <Text component="span" fw={600}>
            {inLanguage(model.titles, language)}
          </Text>
          {model.status !== "active" && (
            <Text component="span" size="xs" className="quiet">
              {words.create[model.status]}
            </Text>
          )}
          <ChevronsUpDown size={15} aria-hidden style={{ marginLeft: "auto" }} className="quiet" />
        </span>
        <Text component="span" size="xs" className="quiet clamp2" mt={2}>
          <Prose text={inLanguage(model.descriptions, language)} />
        </Text>
        <Text component="span" size="xs" className="figures" mt={6} display="block">
          {words.create.about(decimal(mode.measured?.seconds ?? mode.seconds, language, 0))} ·{" "}
          {mode.max_references > 0 ? words.create.upTo(mode.max_references) : words.create.noReferences}
        </Text>
        <span className="hidden">{words.create.chooseModel}</span>
      </button>
      {names.length > 1 && (
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label={words.create.provider}
          value={names.includes(chosen as ProviderName) ? chosen : "auto"}
          onChange={(next) => change({ provider: next as Draft["provider"] })}
          data={[
            {
              value: "auto",
              label: `${words.create.automatic}${chosen === "auto" ? ` · ${PROVIDERS[provider]}` : ""}`,
            },
            ...names.map((name) => ({ value: name, label: PROVIDERS[name] })),
          ]}
        />
      )}
      {!derived && modes.length > 1 && (
        <SegmentedControl
          size="xs"
          fullWidth
          aria-label={words.create.mode}
          value={modeName}
          onChange={(next) => change({ mode: next })}
          data={modes.map((one) => ({ value: one, label: words.create.modes[one] ?? one }))}
        />
      )}
      {picking && (
        <Suspense>
          <ModelPicker onClose={close} />
        </Suspense>
      )}
    </Stack>
  );
}
