import "@fontsource-variable/inter/wght.css";
import "./mantine.css";
import "./page.css";

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Trouble } from "./api/client";
import { follow } from "./api/events";
import { useLook } from "./look";
import { router } from "./router";
import { theme, variables } from "./theme";

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // What the gateway refused, it refuses again; what did not reach it may.
      retry: (count, error) => count < 3 && error instanceof Trouble && error.problem.code === "offline",
      staleTime: 10_000,
    },
  },
});

document.documentElement.lang = useLook.getState().language;
useLook.subscribe((look) => {
  document.documentElement.lang = look.language;
});
follow(client);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
        <QueryClientProvider client={client}>
          <Notifications position="bottom-center" limit={3} />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
