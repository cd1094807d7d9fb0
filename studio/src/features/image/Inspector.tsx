import { SegmentedControl, Skeleton, Tabs, Text } from "@mantine/core";
import { useState } from "react";
import type { LibraryImage } from "@/api/library";
import type { Generation, Job, ProviderName } from "@/api/types";
import { useLook } from "@/look";
import { dateTime, decimal, fileSize, megapixels } from "@/numbers";
import { PROVIDERS } from "@/shell/TopBar";
import { CodeBlock } from "@/ui/CodeBlock";
import { useTitles } from "@/ui/useTitles";
import { useWords } from "@/words";
import { Facts } from "./Facts";
import classes from "./Image.module.css";
import { Lineage } from "./Lineage";
import { ReceiptView } from "./ReceiptView";
import { type Kind, requestOf, snippet } from "./snippets";
import { Tagging } from "./Tagging";
import type { ImageActs } from "./useImageActs";

interface Props {
  image: LibraryImage;
  generation: Generation | undefined;
  acts: ImageActs;
}

/** What is known about a picture, in five views. */
export function Inspector({ image, generation, acts }: Props) {
  const words = useWords().image;
  const job = generation?.jobs.find((one) => one.id === image.job);
  return (
    <Tabs defaultValue="details" keepMounted={false}>
      <Tabs.List>
        {(["details", "code", "json", "lineage", "receipt"] as const).map((one) => (
          <Tabs.Tab key={one} value={one} px={8} fz={13}>
            {words[one]}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value="details" pt="md">
        <Tagging image={image} acts={acts} />
        <Details image={image} generation={generation} job={job} />
      </Tabs.Panel>
      <Tabs.Panel value="code" pt="md">
        {generation ? <Code generation={generation} /> : <Skeleton height={200} />}
      </Tabs.Panel>
      <Tabs.Panel value="json" pt="md">
        {generation && job ? <Payload generation={generation} job={job} /> : <Skeleton height={200} />}
      </Tabs.Panel>
      <Tabs.Panel value="lineage" pt="md">
        <Lineage image={image} generation={generation} />
      </Tabs.Panel>
      <Tabs.Panel value="receipt" pt="md">
        {job && <ReceiptView job={job} />}
      </Tabs.Panel>
    </Tabs>
  );
}

function Details({ image, generation, job }: Omit<Props, "acts"> & { job: Job | undefined }) {
  const { image: words, field } = useWords();
  const language = useLook((look) => look.language);
  const titleOf = useTitles(image.model, image.provider as ProviderName, image.mode);
  const seconds =
    job?.ready_at && job.submitted_at
      ? (Date.parse(job.ready_at) - Date.parse(job.submitted_at)) / 1000
      : null;
  const settings = Object.entries(generation?.params ?? {}).filter(([name]) => !SHOWN.has(name));
  return (
    <>
      <Text size="sm" lang="" className={classes.prompt}>
        {image.prompt || words.noPrompt}
      </Text>
      <Facts
        rows={[
          [words.model, image.model],
          [words.provider, PROVIDERS[image.provider as ProviderName] ?? image.provider],
          [
            words.size,
            `${image.width} × ${image.height} · ${decimal(megapixels(image.width, image.height), language, 2)} MP`,
          ],
          [words.seed, image.seed ?? words.noSeed],
          [words.made, dateTime(image.created_at, language)],
          ...(seconds !== null
            ? [[words.took, words.seconds(decimal(seconds, language))] as [string, string]]
            : []),
          [
            words.file,
            `${image.mime.replace("image/", "").toUpperCase()} · ${fileSize(image.size_bytes, language)}`,
          ],
          ...settings.map(([name, value]): [string, string] => [titleOf(name), plain(value, field)]),
          [
            words.hash,
            <span key="hash" className="mono">
              {image.sha256}
            </span>,
          ],
        ]}
      />
    </>
  );
}

/** What stands in the table already, or says nothing about a finished picture. */
const SHOWN = new Set(["seed", "num_images", "image_size"]);

function plain(value: unknown, words: { on: string; off: string }): string {
  if (typeof value === "boolean") return value ? words.on : words.off;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function Code({ generation }: { generation: Generation }) {
  const words = useWords().image;
  const [kind, setKind] = useState<Kind>("python");
  return (
    <>
      <SegmentedControl
        fullWidth
        size="xs"
        mb="sm"
        value={kind}
        onChange={(next) => setKind(next as Kind)}
        aria-label={words.code}
        data={(["python", "curl", "javascript", "cli"] as const).map((one) => ({
          value: one,
          label: words[one],
        }))}
      />
      <CodeBlock text={snippet(kind, requestOf(generation), location.origin)} />
    </>
  );
}

function Payload({ generation, job }: { generation: Generation; job: Job }) {
  const words = useWords().image;
  const asked = {
    model: generation.route,
    prompt: generation.prompt,
    references: generation.references,
    ...generation.params,
  };
  return (
    <>
      <Text size="sm" fw={550} mb={4}>
        {words.asked}
      </Text>
      <CodeBlock text={JSON.stringify(asked, null, 2)} />
      <Text size="sm" fw={550} mt="md" mb={4}>
        {words.sent} · <span className="mono">{job.endpoint}</span>
      </Text>
      <CodeBlock text={JSON.stringify(job.wire, null, 2)} />
      <Text size="xs" className="quiet" mt={4}>
        {words.sentHelp}
      </Text>
    </>
  );
}
