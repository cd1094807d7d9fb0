import { notifications } from "@mantine/notifications";
import type { QueryClient } from "@tanstack/react-query";
import { api, data } from "@/api/client";
import { place } from "@/api/queries";
import type { Generation } from "@/api/types";
import { tellTrouble } from "@/ui/tellTrouble";
import { tellUndo } from "@/ui/tellUndo";
import { wordsNow } from "@/words";

/** Cancel what can be cancelled, say what became of it, and offer the way back. */
export async function cancel(client: QueryClient, generations: Generation[]): Promise<void> {
  const words = wordsNow();
  const gone: Generation[] = [];
  for (const one of generations) {
    const path = { generation_id: one.id };
    const answer = await data(api.DELETE("/v1/generations/{generation_id}", { params: { path } })).catch(
      tellTrouble,
    );
    if (!answer) continue;
    place(client, answer.generation);
    if (answer.generation.state === "cancelled") gone.push(answer.generation);
  }
  if (!gone.length) {
    notifications.show({ message: words.queue.nothingWaits });
    return;
  }
  tellUndo(words.queue.cancelled(gone.length), () => void again(client, gone));
}

/** Ask again for what was cancelled. */
async function again(client: QueryClient, generations: Generation[]): Promise<void> {
  for (const one of generations) {
    const path = { generation_id: one.id };
    const made = await data(api.POST("/v1/generations/{generation_id}/retry", { params: { path } })).catch(
      tellTrouble,
    );
    if (made) place(client, made);
  }
}
