import { Kbd, Table } from "@mantine/core";
import { PLACES } from "@/shell/places";
import { mod } from "@/ui/keys";
import { useWords } from "@/words";

/** Every key that does something. */
export function Shortcuts() {
  const words = useWords();
  const { keys, nav } = words;
  const rows: [string[], string][] = [
    [[`${mod()} ↵`], keys.generate],
    [[`${mod()} K`], keys.palette],
    [["?"], keys.list],
    [["P"], keys.prompt],
    [["/"], keys.search],
    [["Q"], keys.queue],
    ...PLACES.map((one): [string[], string] => [[`G ${one.key.toUpperCase()}`], nav[one.word]]),
    [["↑ ↓ ← →"], keys.move],
    [["␣"], keys.select],
    [[`${mod()} A`], keys.all],
    [["←", "→"], keys.previous],
    [["A"], keys.reuse],
    [["R"], keys.remix],
    [["S"], keys.seed],
    [["E"], keys.edit],
    [["M"], keys.compare],
    [["B"], keys.before],
    [["C"], keys.swap],
    [["."], keys.favourite],
    [["1 … 5"], keys.rate],
    [["T"], keys.tag],
    [["I"], keys.info],
    [["Z"], keys.zoom],
    [["D"], keys.download],
    [["Del"], keys.trash],
    [[`${mod()} Z`], keys.undo],
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
