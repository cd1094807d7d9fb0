import { Table, Text } from "@mantine/core";
import type { Item } from "@/api/runs";
import { useLook } from "@/look";
import { decimal, humanise, money } from "@/numbers";
import { ScrollX } from "@/ui/ScrollX";
import { useWords } from "@/words";
import { written } from "./axes";
import { differences, type Shown } from "./differences";

/** A table of what is not the same in these cells: results, what was asked, what was sent. */
export function Differences({ cells, nameOf }: { cells: Shown[]; nameOf: (item: Item) => string }) {
  const words = useWords().compare;
  const language = useLook((look) => look.language);
  const rows = differences(cells);
  function said(name: string, value: ReturnType<typeof differences>[number]["values"][number]): string {
    if (value === undefined || value === null) return "–";
    if (name === "charged") return money(String(value), language);
    if (name === "seconds") return decimal(Number(value), language);
    return written(value);
  }
  if (!rows.length) return <Text size="sm">{words.same}</Text>;
  return (
    <ScrollX label={words.differences}>
      <Table fz="sm" verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.fact}</Table.Th>
            {cells.map(({ item }) => (
              <Table.Th key={item.position}>{nameOf(item)}</Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map(({ kind, name, values }) => (
            <Table.Tr key={`${kind} ${name}`}>
              <Table.Th scope="row" fw={500}>
                {kind === "facts" ? (
                  (words.facts as Record<string, string>)[name]
                ) : (
                  <>
                    {kind === "sent" ? <span className="mono">{name}</span> : humanise(name)}{" "}
                    <span className="quiet">({words[kind]})</span>
                  </>
                )}
              </Table.Th>
              {values.map((value, place) => (
                <Table.Td key={cells[place]?.item.position} style={{ overflowWrap: "anywhere" }}>
                  {said(kind === "facts" ? name : "", value)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollX>
  );
}
