// Pipelines: started, looked at, decided step by step.

import { keepPreviousData, type QueryClient, useQuery } from "@tanstack/react-query";
import { api, data } from "./client";
import { placeRun, type Run } from "./runs";
import type { components } from "./schema";
import type { Json } from "./types";

export type CheckedPipeline = components["schemas"]["PipelineCheckAnswer"];
export type CheckedStep = CheckedPipeline["steps"][number];

/** The pipelines that the gateway brings along. */
export function useTemplates() {
  return useQuery({
    queryKey: ["pipelines", "templates"],
    queryFn: () => data(api.GET("/v1/pipelines/templates")),
    staleTime: 300_000,
  });
}

/** What a pipeline would send and cost; of one that is written as text also its JSON. */
export async function checkPipeline(
  pipeline: Record<string, unknown> | string,
  inputs: Record<string, Json> = {},
  signal?: AbortSignal,
): Promise<CheckedPipeline> {
  return await data(api.POST("/v1/pipelines/check", { body: { pipeline, inputs, name: "" }, signal }));
}

export function useChecked(pipeline: Record<string, unknown> | null, inputs: Record<string, Json>) {
  return useQuery({
    queryKey: ["pipelines", "check", pipeline, inputs],
    queryFn: ({ signal }) => checkPipeline(pipeline ?? {}, inputs, signal),
    enabled: pipeline !== null,
    retry: false,
    gcTime: 60_000,
    staleTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

export async function beginPipeline(
  pipeline: Record<string, unknown>,
  inputs: Record<string, Json>,
  { name, budget, key }: { name: string; budget: string | null; key: string },
): Promise<Run> {
  return await data(
    api.POST("/v1/pipelines", {
      params: { header: { "idempotency-key": key } },
      body: { pipeline, inputs, name, budget },
    }),
  );
}

/** What making a step of a run again would send and cost. */
export async function checkRedo(
  run: string,
  step: string,
  fields: Record<string, Json>,
): Promise<CheckedPipeline> {
  const params = { path: { run_id: run, step } };
  return await data(api.POST("/v1/pipelines/{run_id}/steps/{step}/check", { params, body: { fields } }));
}

export function useCheckedRedo(run: string, step: string, fields: Record<string, Json>) {
  return useQuery({
    queryKey: ["pipelines", "redo", run, step, fields],
    queryFn: () => checkRedo(run, step, fields),
    retry: false,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  });
}

/** What a person decides about a step; the run as it is then takes the place of the older one. */
export type Decision =
  | { kind: "approve" }
  | { kind: "choose"; images: string[] }
  | { kind: "redo"; fields: Record<string, Json> };

export async function decide(
  client: QueryClient,
  run: string,
  step: string,
  decision: Decision,
): Promise<void> {
  const params = { path: { run_id: run, step } };
  const calls = {
    approve: () => api.POST("/v1/pipelines/{run_id}/steps/{step}/approve", { params }),
    choose: (images: string[]) =>
      api.POST("/v1/pipelines/{run_id}/steps/{step}/choose", { params, body: { images } }),
    redo: (fields: Record<string, Json>) =>
      api.POST("/v1/pipelines/{run_id}/steps/{step}/redo", { params, body: { fields } }),
  };
  const answer =
    decision.kind === "choose"
      ? calls.choose(decision.images)
      : decision.kind === "redo"
        ? calls.redo(decision.fields)
        : calls.approve();
  placeRun(client, await data(answer));
}
