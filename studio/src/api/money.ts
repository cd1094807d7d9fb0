// What was spent, and what may be.

import { useQuery } from "@tanstack/react-query";
import { api, data } from "./client";
import { useHealth } from "./queries";
import type { components } from "./schema";

export type Budget = components["schemas"]["BudgetAnswer"];
export type Usage = components["schemas"]["UsageAnswer"];

const BUDGETS = "budgets";
const USAGE = "usage";

export function useBudgets(sandbox: boolean, enabled = true) {
  return useQuery({
    queryKey: [BUDGETS, sandbox],
    queryFn: async () => (await data(api.GET("/v1/budgets", { params: { query: { sandbox } } }))).budgets,
    enabled,
  });
}

/** What today has cost so far, in real money or, where there is none, in the sandbox's. */
export function useToday() {
  const { data: health } = useHealth();
  const sandbox = Boolean(health?.sandbox);
  const since = new Date().toISOString().slice(0, 10);
  return useQuery({
    queryKey: [USAGE, "today", since, sandbox],
    queryFn: async () => {
      const query = { by: "day" as const, since, sandbox };
      return ((await data(api.GET("/v1/usage", { params: { query } }))) as Usage).total.charged;
    },
    enabled: Boolean(health),
  });
}
