import { Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { type LibraryImage, useLineage } from "@/api/library";
import type { Generation } from "@/api/types";
import { useWords } from "@/words";
import classes from "./Image.module.css";

/** What a picture was made from, and what was made from it. */
export function Lineage({ image, generation }: { image: LibraryImage; generation: Generation | undefined }) {
  const words = useWords().image;
  const { data: kin } = useLineage(image.id);
  const foreign = (generation?.references ?? [])
    .map((one) => one.url)
    .filter((url) => typeof url === "string");
  const parents = kin ? kin.parents.length + kin.uploads.length + foreign.length : 0;
  return (
    <>
      <Text size="sm" fw={550} mb={6}>
        {words.parents}
      </Text>
      {kin && !parents && (
        <Text size="sm" className="quiet">
          {words.noParents}
        </Text>
      )}
      <div className={classes.family}>
        {kin?.parents.map((one) => (
          <Relative key={one.id} image={one} />
        ))}
        {kin?.uploads.map((hash) => (
          <a key={hash} href={`/v1/assets/${hash}/file`} target="_blank" rel="noreferrer">
            <img src={`/v1/assets/${hash}/thumbnail`} alt={words.upload} />
          </a>
        ))}
        {foreign.map((url) => (
          <a key={url} href={url} rel="noreferrer" target="_blank">
            {url}
          </a>
        ))}
      </div>
      <Text size="sm" fw={550} mt="lg" mb={6}>
        {words.children}
      </Text>
      {kin && !kin.children.length && (
        <Text size="sm" className="quiet">
          {words.noChildren}
        </Text>
      )}
      <div className={classes.family}>
        {kin?.children.map((one) => (
          <Relative key={one.id} image={one} />
        ))}
      </div>
    </>
  );
}

function Relative({ image }: { image: LibraryImage }) {
  const words = useWords().run;
  return (
    <Link to="/i/$id" params={{ id: image.id }}>
      <img src={`${image.thumbnail}?size=256`} alt={words.alt(image.prompt.slice(0, 120))} />
    </Link>
  );
}
