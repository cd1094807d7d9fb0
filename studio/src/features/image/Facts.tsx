import { Table } from "@mantine/core";
import type { ReactNode } from "react";

/** Names and values, one below the other. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <Table verticalSpacing={6} horizontalSpacing={0} fz="sm" layout="fixed">
      <Table.Tbody>
        {rows.map(([name, value]) => (
          <Table.Tr key={name}>
            <Table.Th scope="row" w={116} className="quiet" fw={400} style={{ verticalAlign: "top" }}>
              {name}
            </Table.Th>
            <Table.Td style={{ overflowWrap: "anywhere" }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
