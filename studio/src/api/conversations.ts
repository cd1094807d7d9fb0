// Conversations: the gateway keeps them; every tab and every machine sees the same.

import { keepPreviousData, type QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { api, data } from "./client";
import type { components } from "./schema";
import type { Json } from "./types";

export type Talk = components["schemas"]["Talk"];
export type Message = components["schemas"]["MessageAnswer"];
export type Assistant = components["schemas"]["AssistantAnswer"];
export type Settings = { model: string } & Record<string, Json>;

const CONVERSATIONS = "conversations";
const MOST = 100;

/** The newest, or those in which the words were said. */
export function useConversations(words = "") {
  return useQuery({
    queryKey: [CONVERSATIONS, "list", words],
    queryFn: async () => {
      const query = { limit: MOST, ...(words ? { q: words } : {}) };
      return (await data(api.GET("/v1/conversations", { params: { query } }))).conversations;
    },
    placeholderData: keepPreviousData,
  });
}

const talkQuery = (id: string) =>
  queryOptions({
    queryKey: [CONVERSATIONS, "one", id],
    queryFn: () =>
      data(api.GET("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } })),
  });

export function useTalk(id: string) {
  return useQuery({ ...talkQuery(id), enabled: id !== "", retry: false });
}

/** Read a conversation before its screen is opened. */
export async function expectTalk(client: QueryClient, id: string): Promise<void> {
  await client.fetchQuery(talkQuery(id));
}

export function useAssistants(language: "en" | "de") {
  return useQuery({
    queryKey: ["assistants", language],
    queryFn: () => data(api.GET("/v1/assistants", { params: { query: { language } } })),
    staleTime: 300_000,
  });
}

/** Offer an assistant or a chat model at this gateway, or no longer. */
export async function switchAssistant(client: QueryClient, id: string, on: boolean): Promise<void> {
  const params = { path: { assistant_id: id } };
  await api.PUT("/v1/assistants/{assistant_id}", { params, body: { enabled: on } });
  await client.invalidateQueries({ queryKey: ["assistants"] });
}

/** A new conversation; its id. */
export async function begin(settings: Partial<Settings>, assistant: string): Promise<string> {
  const body = { title: "", settings, assistant };
  return (await data(api.POST("/v1/conversations", { body: body as never }))).id;
}

/** Say something; when it is refused, nothing was written down or sent. */
export async function say(
  client: QueryClient,
  id: string,
  text: string,
  pictures: string[],
): Promise<Message> {
  const params = { path: { conversation_id: id } };
  const answer = await data(
    api.POST("/v1/conversations/{conversation_id}/messages", {
      params,
      body: { text, pictures, options: {} } as never,
    }),
  );
  await client.invalidateQueries({ queryKey: [CONVERSATIONS] });
  return answer;
}

/** Stop the answer under way; what became of it and whether it is charged. */
export async function stop(client: QueryClient, id: string): Promise<string[]> {
  const params = { path: { conversation_id: id } };
  const { said } = await data(api.POST("/v1/conversations/{conversation_id}/stop", { params }));
  await client.invalidateQueries({ queryKey: [CONVERSATIONS] });
  return said;
}

export async function changeSettings(
  client: QueryClient,
  id: string,
  settings: Partial<Settings>,
): Promise<void> {
  const params = { path: { conversation_id: id } };
  await api.PATCH("/v1/conversations/{conversation_id}", { params, body: { settings } as never });
  await client.invalidateQueries({ queryKey: [CONVERSATIONS] });
}

export async function forget(client: QueryClient, id: string): Promise<void> {
  await api.DELETE("/v1/conversations/{conversation_id}", { params: { path: { conversation_id: id } } });
  client.removeQueries({ queryKey: [CONVERSATIONS, "one", id] });
  await client.invalidateQueries({ queryKey: [CONVERSATIONS, "list"] });
}
