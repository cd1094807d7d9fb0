import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, problemOf } from "@/api/client";
import { place } from "@/api/queries";
import type { Problem } from "@/api/types";
import { newId } from "@/identity";
import { tellTrouble } from "@/ui/tellTrouble";
import { useDraft } from "./draft";
import type { RequestBody } from "./request";

/**
 * Send a request. The same press is the same generation, however often the network makes us say it. What goes wrong
 * stands in `problem`; who has no place for it has `tell` say it.
 */
export function useSubmit(tell = false) {
  const client = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function submit(body: RequestBody): Promise<boolean> {
    setBusy(true);
    setProblem(null);
    try {
      const key = newId();
      const generation = await data(
        api.POST("/v1/generations", {
          params: { header: { "idempotency-key": key } },
          body: body as never,
        }),
      );
      place(client, generation);
      const draft = useDraft.getState();
      // What was sent, not what has been written since; and a seed that was changed since stays.
      const { prompt = "", seed } = body;
      draft.remember(typeof prompt === "string" ? prompt : JSON.stringify(prompt));
      const same = draft.values[draft.model]?.seed === seed;
      if (draft.seedMode === "next" && typeof seed === "number" && same) draft.setValue("seed", seed + 1);
      return true;
    } catch (error) {
      setProblem(problemOf(error));
      if (tell) tellTrouble(error);
      return false;
    } finally {
      setBusy(false);
    }
  }

  return { submit, busy, problem };
}
