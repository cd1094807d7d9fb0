import { Box, Button, FileButton, Group, Menu, Text } from "@mantine/core";
import { Plus, X } from "lucide-react";
import { useEffect, useRef } from "react";
import type { Reference } from "@/features/create/draft";
import { ACCEPTED } from "@/features/create/references/upload";
import { previewOf, sourcesOf, takeFiles } from "@/features/request/pictures";
import { useWords, useWordsOf } from "@/words";
import { pipelines } from "@/words/pipelines";
import classes from "./Pipelines.module.css";
import { field, type Offer, pathIn } from "./pipeline";
import { useOfferNames } from "./useOfferNames";

interface Props {
  label: string;
  pictures: string[];
  onChange: (pictures: string[]) => void;
  offers: Offer[];
  limit: number;
}

/** The pictures that a step works on: those of an input or of an earlier step, or uploaded ones. */
export function StepPictures({ label, pictures, onChange, offers, limit }: Props) {
  const words = useWordsOf(pipelines);
  const refs = useWords().refs;
  const nameOf = useOfferNames();
  // The step as it is when the files have arrived, whatever was done with it meanwhile.
  const now = useRef<Pick<Props, "pictures" | "onChange"> | null>(null);
  useEffect(() => {
    now.current = { pictures, onChange };
    return () => {
      now.current = null;
    };
  });

  async function take(files: File[]) {
    let list: Reference[] = [];
    await takeFiles(files, (update) => {
      list = update(list);
    });
    now.current?.onChange([...now.current.pictures, ...sourcesOf(list)]);
  }

  return (
    <Box role="group" aria-label={label}>
      <Text size="sm" fw={550}>
        {label}
      </Text>
      <Group gap={6} mt={4}>
        {pictures.map((one, place) => {
          const path = pathIn(one);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: the same picture may stand twice; its place is its identity
            <span key={place} className={classes.token} data-used={path !== null || undefined}>
              {previewOf(one) && <img src={previewOf(one)} alt="" />}
              {path ? nameOf(path) : refs.number(place + 1)}
              <button
                type="button"
                aria-label={`${refs.remove(place + 1)} (${label})`}
                onClick={() => onChange(pictures.filter((_, number) => number !== place))}
              >
                <X size={13} aria-hidden />
              </button>
            </span>
          );
        })}
        {pictures.length < limit && (
          <Menu position="bottom-start">
            <Menu.Target>
              <Button size="compact-sm" variant="default" leftSection={<Plus size={14} aria-hidden />}>
                {words.addPicture}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {offers.map(({ path }) => (
                <Menu.Item key={path} onClick={() => onChange([...pictures, field(path)])}>
                  {nameOf(path)}
                </Menu.Item>
              ))}
              <FileButton accept={ACCEPTED} multiple onChange={(files) => void take(files)}>
                {(props) => <Menu.Item {...props}>{words.upload}</Menu.Item>}
              </FileButton>
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
    </Box>
  );
}
