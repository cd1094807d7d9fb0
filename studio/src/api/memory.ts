// What the page remembers of the gateway's answers.

import { QueryClient } from "@tanstack/react-query";
import { Trouble } from "./client";

export const memory = new QueryClient({
  defaultOptions: {
    queries: {
      // What the gateway refused, it refuses again; what did not reach it may.
      retry: (count, error) => count < 3 && error instanceof Trouble && error.problem.code === "offline",
      staleTime: 10_000,
    },
  },
});
