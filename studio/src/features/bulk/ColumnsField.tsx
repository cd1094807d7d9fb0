import { Select, Table, Text, Title } from "@mantine/core";
import classes from "@/features/runs/Runs.module.css";
import { useWordsOf } from "@/words";
import { bulk } from "@/words/bulk";
import { MEANINGS } from "./columns";
import { isLines, preview, useSheet } from "./sheet";

/** What each column means, over the first rows of the table. */
export function ColumnsField() {
  const words = useWordsOf(bulk);
  const { table, columns, set } = useSheet();
  const { header, rows, more } = preview(table);
  if (!header.length || isLines(table)) return null;

  function choose(column: string, meaning: string | null) {
    const { [column]: _, ...rest } = columns;
    set({ columns: meaning === null || meaning === column ? rest : { ...rest, [column]: meaning } });
  }
  return (
    <>
      <Title order={2} size="h5" mt="lg">
        {words.columns}
      </Title>
      <Text size="sm" className="quiet" mb={6}>
        {words.columnsHelp}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.scroll} aria-label={words.columns} tabIndex={0}>
        <Table fz="sm" withColumnBorders>
          <Table.Thead>
            <Table.Tr>
              {header.map((column) => (
                <Table.Th key={column} miw={140}>
                  <Select
                    label={column}
                    size="xs"
                    searchable
                    allowDeselect={false}
                    value={columns[column] ?? column}
                    data={[
                      ...(MEANINGS.includes(column) ? [] : [{ value: column, label: words.asIs(column) }]),
                      ...MEANINGS.map((one) => ({ value: one, label: one })),
                      { value: "", label: words.ignore },
                    ]}
                    onChange={(meaning) => choose(column, meaning)}
                  />
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, number) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows are what they are by their place
              <Table.Tr key={number}>
                {header.map((column, place) => (
                  <Table.Td key={column} className={columns[column] === "" ? "quiet" : undefined}>
                    <span className="clamp2">{row[place]}</span>
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
            {more && (
              <Table.Tr>
                <Table.Td colSpan={header.length} className="quiet">
                  …
                </Table.Td>
              </Table.Tr>
            )}
          </Table.Tbody>
        </Table>
      </section>
    </>
  );
}
