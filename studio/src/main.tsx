import "@fontsource-variable/inter/wght.css";
import "./mantine.css";
import "./page.css";

import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { follow } from "./api/events";
import { memory } from "./api/memory";
import { useLook } from "./look";
import { router } from "./router";
import { theme, variables } from "./theme";

document.documentElement.lang = useLook.getState().language;
useLook.subscribe((look) => {
  document.documentElement.lang = look.language;
});
follow(memory);

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
        <QueryClientProvider client={memory}>
          <Notifications position="bottom-center" limit={3} />
          <RouterProvider router={router} />
        </QueryClientProvider>
      </MantineProvider>
    </StrictMode>,
  );
}
