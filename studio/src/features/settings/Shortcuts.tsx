import { Kbd, Table } from "@mantine/core";
import { useWords } from "@/words";

/** Every key that does something. */
export function Shortcuts() {
  const words = useWords();
  const { keys, nav } = words;
  const rows: [string[], string][] = [
    [["Ctrl ↵", "⌘ ↵"], keys.generate],
    [["P"], keys.prompt],
    [["/"], keys.search],
    [["Q"], keys.queue],
    [["G C"], nav.create],
    [["G T"], nav.chat],
    [["G G"], nav.gallery],
    [["G V"], nav.compare],
    [["G B"], nav.bulk],
    [["G M"], nav.models],
    [["G $"], nav.costs],
    [["G S"], nav.settings],
    [["←", "→"], keys.previous],
    [["A"], keys.reuse],
    [["E"], keys.edit],
    [["B"], keys.before],
    [["."], keys.favourite],
    [["1 … 5"], keys.rate],
    [["I"], keys.info],
    [["Z"], keys.zoom],
    [["D"], keys.download],
    [["Del"], keys.trash],
    [["Esc"], keys.back],
  ];
  return (
    <Table maw={480} withRowBorders={false}>
      <Table.Tbody>
        {rows.map(([combinations, what]) => (
          <Table.Tr key={what}>
            <Table.Td w={160}>
              {combinations.map((one) => (
                <Kbd key={one} mr={6}>
                  {one}
                </Kbd>
              ))}
            </Table.Td>
            <Table.Td>{what}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
