import { Button, Select, Table, Text } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { type Item, type ItemState, useItems, useRun } from "@/api/runs";
import type { Problem } from "@/api/types";
import { RunHead } from "@/features/runs/RunHead";
import classes from "@/features/runs/Runs.module.css";
import { useLook } from "@/look";
import { decimal, money } from "@/numbers";
import { Missing } from "@/shell/Broken";
import { useWords, useWordsOf } from "@/words";
import { bulk } from "@/words/bulk";

const STATES: ItemState[] = ["waiting", "submitted", "done", "failed", "unknown", "invalid", "cancelled"];

/** A sheet under way: each row with its picture, its money and what went wrong. */
export function BulkRunPage() {
  const words = useWords();
  const own = useWordsOf(bulk);
  const { id } = useParams({ from: "/bulk/$id" });
  const [state, setState] = useState<ItemState | null>(null);
  const { data: run, isError } = useRun(id);
  const { data, hasNextPage, fetchNextPage } = useItems(id, run, state ?? undefined);
  // What is known stays while the gateway is away.
  if (!run) return isError ? <Missing /> : null;
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <div className={classes.page}>
      <RunHead run={run} />
      <Select
        w={200}
        aria-label={own.state}
        clearable
        placeholder={own.allStates}
        value={state}
        onChange={(next) => setState(next as ItemState | null)}
        data={STATES.map((one) => ({
          value: one,
          label: `${words.runs.item[one]} (${run.counts[one] ?? 0})`,
        }))}
      />
      <div className={`${classes.block} ${classes.scroll}`}>
        <Table fz="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{own.row}</Table.Th>
              <Table.Th>{own.picture}</Table.Th>
              <Table.Th>{own.prompt}</Table.Th>
              <Table.Th>{own.state}</Table.Th>
              <Table.Th ta="right">{own.price}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {items.map((item) => (
              <Row key={`${item.position}-${item.attempt}`} item={item} />
            ))}
          </Table.Tbody>
        </Table>
        {hasNextPage && (
          <Button variant="default" mt="md" onClick={() => void fetchNextPage()}>
            {own.more}
          </Button>
        )}
      </div>
    </div>
  );
}

function Row({ item }: { item: Item }) {
  const words = useWords();
  const language = useLook((look) => look.language);
  const picture = item.images[0];
  const error = item.error as Problem | null;
  return (
    <Table.Tr>
      <Table.Td className="figures">{item.position + 1}</Table.Td>
      <Table.Td w={84}>
        {picture && (
          <Link to="/i/$id" params={{ id: picture.id }} aria-label={`${words.run.open}: ${item.key}`}>
            <img
              src={`${picture.thumbnail}?size=256`}
              alt=""
              width={64}
              height={64}
              style={{ objectFit: "cover", borderRadius: 6, display: "block" }}
            />
          </Link>
        )}
      </Table.Td>
      <Table.Td>
        <span className="clamp2" lang="">
          {String(item.asked.prompt ?? item.key)}
        </span>
        <Text size="xs" className="quiet">
          {String(item.asked.model ?? "")}
        </Text>
        {error && (
          <Text size="xs" className="bad">
            {words.problem.what[error.code] ?? error.detail}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {words.runs.item[item.state] ?? item.state}
        {item.seconds !== null && (
          <Text size="xs" className="quiet figures">
            {words.image.seconds(decimal(item.seconds, language))}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" className="figures">
        {money(item.charged, language)}
      </Table.Td>
    </Table.Tr>
  );
}
