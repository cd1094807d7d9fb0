// Conversations: what was said, and which generation answered. Pictures are the gateway's; this browser keeps the thread.

import { create } from "zustand";
import { persist } from "zustand/middleware";
import type { Reference } from "@/features/create/draft";
import { newId } from "@/identity";

export interface Turn {
  id: string;
  text: string;
  /** Pictures that were given with the message; the last picture made goes along without being named here. */
  references: Reference[];
  /** Empty when the gateway refused it. */
  generation: string;
  refusal?: string;
}

export interface Chat {
  id: string;
  model: string;
  turns: Turn[];
}

const MOST = 30;

interface Chats {
  chats: Chat[];
  now: string;
  begin: (model: string) => void;
  open: (id: string) => void;
  setModel: (model: string) => void;
  say: (turn: Turn) => void;
  answer: (turn: string, change: Partial<Turn>) => void;
  forget: (id: string) => void;
}

const change = (chats: Chat[], id: string, how: (chat: Chat) => Chat) =>
  chats.map((one) => (one.id === id ? how(one) : one));

export const useChats = create<Chats>()(
  persist(
    (set) => ({
      chats: [],
      now: "",
      begin: (model) =>
        set(({ chats }) => {
          const chat = { id: newId(), model, turns: [] };
          return { chats: [chat, ...chats.filter((one) => one.turns.length)].slice(0, MOST), now: chat.id };
        }),
      open: (id) => set({ now: id }),
      setModel: (model) =>
        set(({ chats, now }) => ({ chats: change(chats, now, (one) => ({ ...one, model })) })),
      say: (turn) =>
        set(({ chats, now }) => ({
          chats: change(chats, now, (one) => ({ ...one, turns: [...one.turns, turn] })),
        })),
      answer: (turn, part) =>
        set(({ chats, now }) => ({
          chats: change(chats, now, (one) => ({
            ...one,
            turns: one.turns.map((each) => (each.id === turn ? { ...each, ...part } : each)),
          })),
        })),
      forget: (id) =>
        set(({ chats, now }) => ({
          chats: chats.filter((one) => one.id !== id),
          now: now === id ? "" : now,
        })),
    }),
    { name: "fluxroom-chat", version: 1, merge: (stored, current) => ({ ...current, ...sound(stored) }) },
  ),
);

/** What can be used of stored conversations, whoever wrote them. */
export function sound(stored: unknown): Partial<Pick<Chats, "chats" | "now">> {
  const found = stored as { chats?: unknown; now?: unknown } | null;
  if (!found || typeof found !== "object" || !Array.isArray(found.chats)) return {};
  const chats = found.chats.filter(
    (one): one is Chat =>
      typeof one?.id === "string" && typeof one.model === "string" && Array.isArray(one.turns),
  );
  return { chats, now: typeof found.now === "string" ? found.now : "" };
}

/** The pictures of a message: those given with it, after the last one made in this conversation. */
export function picturesOf(given: Reference[], last: string | undefined): string[] {
  const own = given.filter((one) => one.state === "ready").map((one) => one.source);
  return last && !own.includes(last) ? [last, ...own] : own;
}
