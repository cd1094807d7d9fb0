import { Button, FileButton, Group, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { FolderOpen } from "lucide-react";
import { type DragEvent, useState } from "react";
import { takeFiles } from "@/features/request/pictures";
import { useWords, useWordsOf } from "@/words";
import { bulk } from "@/words/bulk";
import { filesIn, type Sort, sortOf } from "./dropped";
import { promptsOf, useSheet } from "./sheet";

/** Where the rows come from: a pasted table, or what was dropped: a table, pictures, both, or a folder of them. */
export function SourceField() {
  const words = useWordsOf(bulk);
  const problem = useWords().problem;
  const { table, pictures, prompts, set, setTable, setPictures } = useSheet();
  const [over, setOver] = useState(false);
  const arrived = pictures.filter((one) => one.state === "ready").length;
  const failed = pictures.filter((one) => one.state === "failed").length;

  async function take(files: File[]) {
    const of = (sort: Sort) => files.filter((one) => sortOf(one) === sort);
    for (const file of of("excel"))
      notifications.show({ color: "red", message: words.excel(file.name), autoClose: 9000 });
    const [sheet] = of("table");
    if (sheet && sheet.size > 20_000_000) {
      notifications.show({ color: "red", message: problem.what.too_large ?? sheet.name });
    } else if (sheet) {
      setTable(await sheet.text());
      if (!useSheet.getState().name) set({ name: sheet.name.replace(/\.\w+$/, "") });
    }
    await takeFiles(of("picture"), setPictures);
  }
  async function drop(event: DragEvent) {
    setOver(false);
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    await take(await filesIn(event.dataTransfer));
  }

  return (
    <section
      aria-label={words.paste}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => void drop(event)}
    >
      <Textarea
        label={over ? words.dropHere : words.paste}
        placeholder={words.placeholder}
        value={table}
        onChange={(event) => setTable(event.currentTarget.value)}
        autosize
        minRows={pictures.length ? 2 : 6}
        maxRows={12}
        spellCheck={false}
        styles={{ input: { fontFamily: "var(--mantine-font-family-monospace)", fontSize: 13 } }}
      />
      <Group gap="xs" mt="xs">
        <FileButton multiple onChange={(files) => void take(files)}>
          {(props) => (
            <Button
              {...props}
              size="compact-sm"
              variant="default"
              leftSection={<FolderOpen size={14} aria-hidden />}
            >
              {words.chooseFiles}
            </Button>
          )}
        </FileButton>
        {!table && !pictures.length && (
          <Button size="compact-sm" variant="subtle" onClick={() => setTable(words.placeholder)}>
            {words.sample}
          </Button>
        )}
        {pictures.length > 0 && (
          <>
            <Text size="sm" role="status">
              {arrived + failed < pictures.length
                ? words.uploading(arrived, pictures.length)
                : words.pictures(arrived)}
              {failed > 0 && <span className="bad"> · {words.failed(failed)}</span>}
            </Text>
            <Button size="compact-sm" variant="subtle" color="gray" onClick={() => setPictures(() => [])}>
              {words.forget}
            </Button>
          </>
        )}
      </Group>
      {pictures.length > 0 && !table.trim() && (
        <>
          <Textarea
            mt="md"
            label={words.prompts}
            description={words.promptsHelp}
            inputWrapperOrder={["label", "input", "description"]}
            autosize
            minRows={2}
            maxRows={8}
            value={prompts}
            onChange={(event) => set({ prompts: event.currentTarget.value })}
          />
          {promptsOf(prompts).length > 0 && (
            <Text size="sm" className="quiet" mt={4}>
              {words.makes(arrived * promptsOf(prompts).length)}
            </Text>
          )}
        </>
      )}
    </section>
  );
}
