// The gateway itself: its providers, its keys, how it is set up.

import { type QueryClient, useQuery } from "@tanstack/react-query";
import { api, data } from "./client";
import type { components } from "./schema";
import type { ProviderName } from "./types";

export type KeyRequest = components["schemas"]["KeyBody"];
export type KeyCheck = components["schemas"]["KeyCheckAnswer"];

const KEYS = ["keys"];
const PROVIDERS = ["providers"];

const NOW_AND_THEN = 15_000; // milliseconds

/** How the providers' accounts stand; looked at again after so many milliseconds, because others use them too. */
export function useProviders(every = NOW_AND_THEN) {
  return useQuery({
    queryKey: PROVIDERS,
    queryFn: async () => (await data(api.GET("/v1/providers"))).providers,
    refetchInterval: every,
  });
}

export async function turn(client: QueryClient, name: ProviderName, on: boolean): Promise<void> {
  const path = on ? "/v1/providers/{name}/resume" : "/v1/providers/{name}/pause";
  await data(api.POST(path, { params: { path: { name } } }));
  await client.invalidateQueries({ queryKey: PROVIDERS });
}

/** What a provider says to the key that is set; costs nothing. */
export function checkKey(name: ProviderName): Promise<KeyCheck> {
  return data(api.POST("/v1/providers/{name}/check", { params: { path: { name } } }));
}

export function useSettings() {
  return useQuery({ queryKey: ["settings"], queryFn: () => data(api.GET("/v1/settings")), retry: false });
}

export function useKeys() {
  return useQuery({
    queryKey: KEYS,
    queryFn: async () => (await data(api.GET("/v1/keys"))).keys,
    retry: false,
  });
}

/** The key itself, which nobody can show again. */
export async function makeKey(client: QueryClient, body: KeyRequest): Promise<string> {
  const { key } = await data(api.POST("/v1/keys", { body }));
  for (const one of [KEYS, ["budgets"]]) await client.invalidateQueries({ queryKey: one });
  return key;
}

export async function revokeKey(client: QueryClient, id: string): Promise<void> {
  await api.DELETE("/v1/keys/{key_id}", { params: { path: { key_id: id } } });
  await client.invalidateQueries({ queryKey: KEYS });
}
