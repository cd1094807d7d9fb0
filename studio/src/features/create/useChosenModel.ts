import { notifications } from "@mantine/notifications";
import { useEffect } from "react";
import { useModel, useModels } from "@/api/queries";
import type { Model } from "@/api/types";
import { useWords } from "@/words";
import { useDraft } from "./draft";

/** The model of the draft, once it is known; the usual one where none was chosen, or where it is offered no more. */
export function useChosenModel(): Model | undefined {
  const words = useWords();
  const id = useDraft((draft) => draft.model);
  const change = useDraft((draft) => draft.change);
  const { data: list } = useModels();
  const { data: model } = useModel(id);
  const gone = Boolean(list && id && !list.models.some((one) => one.id === id));

  useEffect(() => {
    if (!list || (id && !gone)) return;
    if (gone) notifications.show({ message: words.create.modelGone(id), autoClose: 9000 });
    change({ model: list.default, provider: "auto", mode: null });
  }, [list, id, gone, change, words]);
  return model;
}
