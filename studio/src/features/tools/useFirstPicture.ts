import { useQuery } from "@tanstack/react-query";
import type { Reference } from "@/features/create/draft";
import type { PixelSize } from "./request";

export type Whole = PixelSize & { address: string };

/** Where the picture of a slot can be seen in its own pixels; empty for a foreign address. */
export function wholeOf(picture: Reference | undefined): string {
  if (picture?.state !== "ready") return "";
  if (/^[0-9a-f]{64}$/.test(picture.source)) return `/v1/assets/${picture.source}/file`;
  return picture.preview.startsWith("/v1/images/") ? `/v1/images/${picture.source}/file` : "";
}

/** The first picture with its size; null until it is known. */
export function useFirstPicture(pictures: Reference[]): Whole | null {
  const address = wholeOf(pictures[0]);
  const { data } = useQuery({
    queryKey: ["pixels", address],
    queryFn: async (): Promise<Whole> => {
      const picture = new Image();
      picture.src = address;
      await picture.decode();
      return { address, width: picture.naturalWidth, height: picture.naturalHeight };
    },
    enabled: address !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
  return data ?? null;
}
