// The message that is being written: its words, its pictures, its price, and how it is sent.

import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { problemOf } from "@/api/client";
import { begin, expectTalk, forget, say, type Talk } from "@/api/conversations";
import { defaultModel, useQuote } from "@/api/queries";
import type { Problem } from "@/api/types";
import type { Reference } from "@/features/create/draft";
import { sourcesOf } from "@/features/request/pictures";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import { baseOf, lastPicture, picturesOf } from "./talk";
import type { Cast } from "./useCast";

interface Pending {
  content: string[];
  pictures: string[];
}

export function useNextMessage(id: string, talk: Talk | undefined, cast: Cast) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [text, setText] = useState("");
  const [pictures, setPictures] = useState<Reference[]>([]);
  const [picked, setPicked] = useState("");
  const [pending, setPending] = useState<Pending | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
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
    const before = { pictures, picked };
    setPending({ content: [words], pictures: own });
    setProblem(null);
    setText("");
    setPictures([]);
    setPicked("");
    let fresh = "";
    try {
      fresh = id || (await begun());
      await say(client, fresh, words, picturesOf(own, chosen, last));
      if (!id) await expectTalk(client, fresh);
      setPending(null);
      if (!id) await navigate({ to: "/chat/$id", params: { id: fresh }, replace: true });
    } catch (error) {
      // Nothing was written down or sent: the words go back to where they were written.
      setProblem(problemOf(error));
      setText(words);
      setPictures(before.pictures);
      setPicked(before.picked);
      setPending(null);
      if (!id && fresh) await forget(client, fresh).catch(() => undefined);
    }
  }

  return {
    text,
    setText,
    pictures,
    setPictures,
    base: chosen ?? last,
    picked: chosen !== null,
    pick: setPicked,
    pending,
    problem,
    price,
    send,
  };
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
