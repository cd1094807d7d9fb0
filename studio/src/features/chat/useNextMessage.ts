// The message that is being written: its words, its pictures, its price, and how it is sent.

import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { useState } from "react";
import { problemOf } from "@/api/client";
import { begin, expectTalk, forget, say, type Talk } from "@/api/conversations";
import { defaultModel, useQuote } from "@/api/queries";
import type { Problem } from "@/api/types";
import { type Change, sourcesOf } from "@/features/request/pictures";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import { baseOf, lastPicture, picturesOf } from "./talk";
import type { Cast } from "./useCast";
import { EMPTY, useWriting } from "./writing";

interface Pending {
  content: string[];
  pictures: string[];
}

/** Where the message is written. */
export const BOX = "message";

export function useNextMessage(id: string, talk: Talk | undefined, cast: Cast) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const { text, pictures, picked } = useWriting((writing) => writing.by[id]) ?? EMPTY;
  const { write, move } = useWriting.getState();
  // Of one conversation only: another one may be looked at while the gateway takes its time.
  const [pending, setPending] = useState<Record<string, Pending>>({});
  const [problems, setProblems] = useState<Record<string, Problem>>({});
  const last = lastPicture(talk?.messages ?? []);
  const chosen = picked && picked !== last?.image ? baseOf(picked) : null;
  const price = usePrice(
    cast,
    [chosen ?? last].flatMap((one) => one?.image ?? []).concat(sourcesOf(pictures)),
  );

  /** A new conversation; whoever writes faster than the models are listed gets the usual one. */
  async function begun(): Promise<string> {
    const { assistant, settings } = cast.start;
    const known = assistant || settings.model;
    return begin(known ? settings : { ...settings, model: await defaultModel(client) }, assistant);
  }
  async function send(words: string, own: string[]) {
    const here = router.state.location.pathname;
    setPending((before) => ({ ...before, [id]: { content: [words], pictures: own } }));
    setProblems((before) => without(before, id));
    write(id, () => EMPTY);
    let fresh = "";
    try {
      fresh = id || (await begun());
      await say(client, fresh, words, picturesOf(own, chosen, last));
      if (!id) await expectTalk(client, fresh);
      setPending((before) => without(before, id));
      if (id) return;
      move(id, fresh);
      if (router.state.location.pathname === here) await goTo(fresh);
    } catch (error) {
      // Nothing was written down or sent: the words go back, before what was written meanwhile.
      setProblems((before) => ({ ...before, [id]: problemOf(error) }));
      write(id, (now) => ({
        text: now.text ? `${words}\n${now.text}` : words,
        pictures: [...pictures, ...now.pictures],
        picked: now.picked || picked,
      }));
      setPending((before) => without(before, id));
      if (!id && fresh) await forget(client, fresh).catch(() => undefined);
    }
  }
  /** To the conversation that has begun; whoever is writing already goes on with it there. */
  async function goTo(fresh: string) {
    const writing = document.activeElement?.id === BOX;
    await navigate({ to: "/chat/$id", params: { id: fresh }, replace: true });
    const box = document.getElementById(BOX);
    if (!writing || !(box instanceof HTMLTextAreaElement)) return;
    box.focus();
    box.setSelectionRange(box.value.length, box.value.length);
  }

  return {
    text,
    setText: (next: string) => write(id, () => ({ text: next })),
    pictures,
    setPictures: ((update) => write(id, (now) => ({ pictures: update(now.pictures) }))) as Change,
    base: chosen ?? last,
    picked: chosen !== null,
    pick: (image: string) => write(id, () => ({ picked: image })),
    pending: pending[id] ?? null,
    problem: problems[id] ?? null,
    price,
    send,
  };
}

function without<T>(found: Record<string, T>, name: string): Record<string, T> {
  const { [name]: _, ...rest } = found;
  return rest;
}

/** What the message will cost, as far as it is known before. */
function usePrice(cast: Cast, references: string[]): string {
  const words = useWordsOf(chat);
  const language = useLook((look) => look.language);
  const { model, ...rest } = cast.settings;
  const { data, isError } = useQuote(
    model
      ? {
          ...rest,
          model: cast.routeOf(model),
          prompt: "a picture",
          on_unsupported: "report",
          ...(references.length ? { references } : {}),
        }
      : null,
  );
  const quote = data?.quote as { low: string } | undefined;
  return quote && !isError ? words.about(money(quote.low, language)) : "";
}
