import { useLive } from "@/api/events";
import { useGenerations } from "@/api/queries";
import type { Generation } from "@/api/types";

/** The generations that are known to this page, the newest first. */
export function useKnownGenerations(): Generation[] {
  const live = useLive((state) => state.connected === true);
  const { data } = useGenerations(live);
  return data?.pages.flatMap((page) => page.generations) ?? [];
}

export function useOpenJobs(): number {
  return useKnownGenerations()
    .filter((one) => !one.settled)
    .reduce((sum, one) => sum + one.jobs.filter((job) => !DONE.has(job.state)).length, 0);
}

const DONE = new Set([
  "succeeded",
  "failed",
  "moderated_input",
  "moderated_output",
  "cancelled",
  "abandoned",
  "lost",
]);
