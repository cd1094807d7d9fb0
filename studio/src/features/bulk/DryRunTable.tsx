import { Table, Text } from "@mantine/core";
import { CircleAlert, CircleCheck, Images } from "lucide-react";
import type { DryRun } from "@/api/runs";
import classes from "@/features/runs/Runs.module.css";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWordsOf } from "@/words";
import { bulk } from "@/words/bulk";

const MOST_SHOWN = 60;
const ICONS = { ok: CircleCheck, exists: Images, invalid: CircleAlert };

/** What would become of every row: those that cannot be carried first. */
export function DryRunTable({ dry }: { dry: DryRun }) {
  const words = useWordsOf(bulk);
  const language = useLook((look) => look.language);
  const order = { invalid: 0, ok: 1, exists: 2 };
  const rows = [...dry.rows].sort(
    (one, other) => order[one.state] - order[other.state] || one.row - other.row,
  );
  // "$0.03" in the page's own form; what is more than a figure ("at least …") stays as it is.
  const told = (price: string | null) =>
    price && /^\$[\d.]+$/.test(price) ? money(price.slice(1), language) : price;
  return (
    <div className={classes.scroll}>
      <Table mt="md" fz="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{words.row}</Table.Th>
            <Table.Th>{words.state}</Table.Th>
            <Table.Th>{words.prompt}</Table.Th>
            <Table.Th>{words.model}</Table.Th>
            <Table.Th ta="right">{words.price}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.slice(0, MOST_SHOWN).map((row) => {
            const Icon = ICONS[row.state];
            return (
              <Table.Tr key={row.row}>
                <Table.Td className="figures">{row.row}</Table.Td>
                <Table.Td
                  className={row.state === "invalid" ? "bad" : row.state === "exists" ? "quiet" : "good"}
                >
                  <Icon size={14} aria-hidden /> {words.rowState[row.state]}
                </Table.Td>
                <Table.Td>
                  <span className="clamp2" lang="">
                    {String(row.asked.prompt ?? "")}
                  </span>
                  {row.not_sent.length > 0 && (
                    <Text size="xs" className="warn">
                      {words.notSent}: {row.not_sent.map((one) => one.name).join(", ")}
                    </Text>
                  )}
                  {row.why && (
                    <Text size="xs" className={row.state === "invalid" ? "bad" : "quiet"} lang="en">
                      {row.why}
                    </Text>
                  )}
                </Table.Td>
                <Table.Td>{row.route}</Table.Td>
                <Table.Td ta="right" className="figures">
                  {told(row.price)}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {rows.length > MOST_SHOWN && (
        <Text size="sm" className="quiet" mt="xs">
          {words.shownOf(MOST_SHOWN, dry.ok + dry.exists + dry.invalid)}
        </Text>
      )}
    </div>
  );
}
