import { notifications } from "@mantine/notifications";
import { problemOf } from "@/api/client";
import { ProblemText } from "./ProblemText";

/** Says what went wrong, for an act that has no place of its own on the screen. */
export function tellTrouble(error: unknown): void {
  notifications.show({
    color: "red",
    autoClose: 9000,
    message: <ProblemText problem={problemOf(error)} compact />,
  });
}
