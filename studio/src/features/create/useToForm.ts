import { useNavigate } from "@tanstack/react-router";

const FORM = "/create";

/** The way to the form and what was put into it, from wherever its results are shown. */
export function useToForm(): () => Promise<void> {
  const navigate = useNavigate();
  return async () => {
    if (location.pathname !== FORM) await navigate({ to: FORM });
    document.getElementById("content")?.scrollTo({ top: 0 });
    document.getElementById("prompt")?.focus();
  };
}
