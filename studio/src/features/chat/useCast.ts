// Who answers: the assistant, the model and its settings, of a conversation or of one that is about to begin.

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type Assistant, changeSettings, type Settings, type Talk, useAssistants } from "@/api/conversations";
import { useModels } from "@/api/queries";
import { useLook } from "@/look";
import { inLanguage } from "@/words";
import { settingsOf } from "./talk";

export interface Cast {
  assistants: Assistant[];
  assistant: Assistant | undefined;
  setAssistant: (id: string) => void;
  settings: Settings;
  setModel: (model: string) => Promise<void>;
  models: { value: string; label: string }[];
  /** The model that a price is known of, for a chat model's name. */
  routeOf: (model: string) => string;
  /** What a new conversation is begun with: who answers, and what differs from its own settings. */
  start: { assistant: string; settings: Partial<Settings> };
  /** Something to begin with, also when nobody is switched on. */
  starters: Assistant["starters"];
}

/** Nobody: the model alone answers. */
export const NOBODY = "";

export function useCast(id: string, talk: Talk | undefined): Cast {
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const { data: list } = useModels();
  const { data: shelf } = useAssistants(language);
  const [chosen, setChosen] = useState<string | null>(null);
  const [model, setModel] = useState("");
  const assistants = (shelf?.assistants ?? []).filter((one) => one.enabled);
  const wanted = talk ? (talk.assistant ?? NOBODY) : (chosen ?? assistants[0]?.id ?? NOBODY);
  const assistant = assistants.find((one) => one.id === wanted);
  const differs = talk ? settingsOf(talk.settings) : model ? { model } : {};
  const settings = { model: list?.default ?? "", ...assistant?.defaults, ...differs } as Settings;
  const chatModels = shelf?.models.filter((one) => one.enabled) ?? [];
  const able = (list?.models ?? []).filter(
    (one) =>
      one.available &&
      one.status === "active" &&
      one.modes.includes("edit") &&
      one.modes.includes("generate"),
  );
  const known = [
    ...chatModels.map((one) => ({ value: one.id, label: one.name })),
    ...able.map((one) => ({ value: one.id, label: inLanguage(one.titles, language) })),
  ];
  const own = new Set(assistant?.models);
  const allowed = own.size ? known.filter((one) => own.has(one.value)) : known;
  const named = allowed.some((one) => one.value === settings.model) || !settings.model;
  const models = named ? allowed : [{ value: settings.model, label: settings.model }, ...allowed];

  return {
    assistants,
    assistant,
    setAssistant: (next) => {
      setChosen(next);
      setModel("");
    },
    settings,
    setModel: async (next) => {
      if (id) await changeSettings(client, id, { ...differs, model: next });
      else setModel(next);
    },
    models: models.filter((one, place) => models.findIndex((other) => other.value === one.value) === place),
    routeOf: (name) => chatModels.find((one) => one.id === name)?.model ?? name,
    start: { assistant: assistant?.id ?? NOBODY, settings: assistant ? differs : settings },
    starters: (assistant ?? shelf?.assistants[0])?.starters ?? [],
  };
}
