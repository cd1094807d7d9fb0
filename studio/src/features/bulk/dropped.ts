// What was dropped or chosen: files, and those of folders.

/** All files of a drop, folders looked through, in the order of their names. */
export async function filesIn(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].flatMap((item) => item.webkitGetAsEntry?.() ?? []);
  if (!entries.some((one) => one.isDirectory)) return [...transfer.files];
  const found = (await Promise.all(entries.map(filesOfEntry))).flat();
  return found.sort((one, other) => one.name.localeCompare(other.name, undefined, { numeric: true }));
}

async function filesOfEntry(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile)
    return [
      await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)),
    ];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    // A folder is told in pieces of a hundred; an empty one is the end.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (!some.length) break;
    all.push(...some);
  }
  return (await Promise.all(all.map(filesOfEntry))).flat();
}

export type Sort = "table" | "excel" | "picture" | "hidden";

/** What a file is to a bulk run. */
export function sortOf(file: File): Sort {
  if (file.name.startsWith(".") || /^(thumbs\.db|desktop\.ini)$/i.test(file.name)) return "hidden";
  if (/\.(xlsx?|ods|numbers)$/i.test(file.name)) return "excel";
  if (/\.(csv|tsv|txt|jsonl|ndjson)$/i.test(file.name) || /^text\//.test(file.type)) return "table";
  return "picture";
}
