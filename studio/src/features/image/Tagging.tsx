import { TagsInput } from "@mantine/core";
import type { LibraryImage } from "@/api/library";
import { useFacets } from "@/api/library";
import { useWords } from "@/words";
import type { ImageActs } from "./useImageActs";

/** The tags of a picture; those that others have are offered. */
export function Tagging({ image, acts }: { image: LibraryImage; acts: ImageActs }) {
  const words = useWords().gallery;
  const { data: facets } = useFacets({});
  return (
    <TagsInput
      id="tags"
      label={words.tags}
      placeholder={image.tags.length ? undefined : words.tagsHelp}
      size="xs"
      mb="md"
      value={image.tags}
      onChange={(tags) => acts.mark({ tags })}
      data={Object.keys(facets?.tag ?? {})}
      maxLength={60}
      maxTags={50}
      clearable={false}
    />
  );
}
