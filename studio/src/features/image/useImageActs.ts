import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { useNavigate, useRouter } from "@tanstack/react-router";
import { act, type LibraryImage, type Marks, mark, trash } from "@/api/library";
import { expectGeneration } from "@/api/queries";
import { useDraft } from "@/features/create/draft";
import { tellTrouble } from "@/ui/tellTrouble";
import { tellUndo } from "@/ui/tellUndo";
import { useWords } from "@/words";
import { editImage, reuseSettings } from "./moves";
import { useNeighbours } from "./useNeighbours";

/** What can be done with a picture, however it is asked for: by button or by key. */
export function useImageActs(image: LibraryImage | undefined) {
  const words = useWords();
  const client = useQueryClient();
  const navigate = useNavigate();
  const router = useRouter();
  const { previous, next } = useNeighbours(image?.id ?? "");

  const open = (id: string | undefined) =>
    id && void navigate({ to: "/i/$id", params: { id }, replace: true });
  const tell = (marks: Marks) => image && void mark(client, image.id, marks).catch(tellTrouble);

  /** Its settings into the form; whoever is faster than the page need not press twice. */
  async function reuse(seed: boolean, to: "/create" | "/compare") {
    if (!image) return;
    reuseSettings(await expectGeneration(client, image.generation), image, seed);
    void navigate({ to });
  }
  function takeSeed() {
    if (image?.seed == null) return;
    useDraft.getState().setValue("seed", image.seed);
    useDraft.getState().change({ seedMode: "fixed" });
    notifications.show({ message: words.image.seedTaken(image.seed) });
  }
  async function remove() {
    if (!image) return;
    const here = router.state.location.pathname;
    await trash(client, [image.id]);
    tellUndo(words.gallery.deleted(1), () => void act(client, [image.id], "restore").catch(tellTrouble));
    if (router.state.location.pathname !== here) return; // somebody has gone on meanwhile
    // The neighbour is looked at next, not the beginning of the list.
    if (next ?? previous) open(next ?? previous);
    else void navigate({ to: "/gallery" });
  }

  return {
    previous: () => open(previous),
    next: () => open(next),
    back: () => void navigate({ to: "/gallery" }),
    edit: () => {
      if (!image) return;
      editImage(image);
      void navigate({ to: "/create" });
    },
    reuse: () => void reuse(true, "/create").catch(tellTrouble),
    remix: () => void reuse(false, "/create").catch(tellTrouble),
    takeSeed,
    compare: () => void reuse(true, "/compare").catch(tellTrouble),
    mark: tell,
    favourite: () => image && tell({ favourite: !image.favourite }),
    rate: (stars: number) => image && tell({ rating: stars === image.rating ? 0 : stars }),
    hide: () => image && tell({ hidden: !image.hidden }),
    remove: () => void remove().catch(tellTrouble),
    restore: () => image && void act(client, [image.id], "restore").catch(tellTrouble),
  };
}

export type ImageActs = ReturnType<typeof useImageActs>;
