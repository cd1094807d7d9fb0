import { Button, Group, Select, Skeleton, Switch, Table, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { api, data, troubleOf } from "@/api/client";
import type { Usage } from "@/api/money";
import { useHealth } from "@/api/queries";
import { useLook } from "@/look";
import { day, daysAgo, money } from "@/numbers";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords } from "@/words";
import { Bars } from "./Bars";
import { Budgets } from "./Budgets";
import classes from "./Costs.module.css";

type By = "day" | "model" | "provider" | "owner" | "run";

/** What was estimated and what was charged, and the budgets that stop it before. */
export function CostsPage() {
  const words = useWords().costs;
  const language = useLook((look) => look.language);
  const { data: health } = useHealth();
  const [days, setDays] = useState("30");
  const [by, setBy] = useState<By>("day");
  const [practice, setPractice] = useState<boolean | null>(null);
  const sandbox = practice ?? Boolean(health?.sandbox);
  const since = daysAgo(Number(days));
  const query = { by, since, sandbox };
  const { data: found } = useQuery({
    queryKey: ["usage", query],
    queryFn: async () => (await data(api.GET("/v1/usage", { params: { query } }))) as Usage,
    enabled: Boolean(health),
  });
  const lines = found?.lines ?? [];

  return (
    <div className={classes.page}>
      <Group justify="space-between">
        <Title order={1} size="h2">
          {words.title}
        </Title>
        <Switch
          label={words.sandbox}
          checked={sandbox}
          onChange={(event) => setPractice(event.currentTarget.checked)}
        />
      </Group>
      <div className={classes.sums}>
        <Sum title={words.charged} amount={found?.total.charged} strong />
        <Sum title={words.estimated} amount={found?.total.estimated} />
        <Sum title={words.doubtful} amount={found?.total.doubtful} />
        <div>
          <Text size="sm" className="quiet">
            {words.jobs}
          </Text>
          <Text fz={26} fw={600} className="figures">
            {found?.total.jobs ?? "–"}
          </Text>
        </div>
      </div>
      <section className={classes.block}>
        <Group gap="sm">
          <Select
            aria-label={words.last}
            w={150}
            allowDeselect={false}
            value={days}
            onChange={(next) => setDays(next ?? "30")}
            data={["1", "7", "30", "90", "365"].map((one) => ({
              value: one,
              label: one === "1" ? words.today : words.days(Number(one)),
            }))}
          />
          <Select
            aria-label={words.by}
            w={150}
            allowDeselect={false}
            value={by}
            onChange={(next) => setBy((next ?? "day") as By)}
            data={(["day", "model", "provider", "owner", "run"] as const).map((one) => ({
              value: one,
              label: words[one],
            }))}
          />
          <Button
            variant="default"
            ml="auto"
            leftSection={<Download size={15} aria-hidden />}
            onClick={() => void csv(query).catch(tellTrouble)}
          >
            {words.csv}
          </Button>
        </Group>
        {!found && <Skeleton height={160} mt="md" />}
        {found && !lines.length && <Text py="lg">{words.none}</Text>}
        {by === "day" && lines.length > 1 && <Bars lines={lines} label={words.chart} />}
        {lines.length > 0 && (
          <Table mt="md" className="figures">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{words[by]}</Table.Th>
                <Table.Th ta="right">{words.jobs}</Table.Th>
                <Table.Th ta="right">{words.estimated}</Table.Th>
                <Table.Th ta="right">{words.charged}</Table.Th>
                <Table.Th ta="right">{words.doubtful}</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {lines.map((line) => (
                <Table.Tr key={line.key}>
                  <Table.Td>{by === "day" ? day(line.key, language) : line.key || "–"}</Table.Td>
                  <Table.Td ta="right">{line.jobs}</Table.Td>
                  <Table.Td ta="right">{money(line.estimated, language)}</Table.Td>
                  <Table.Td ta="right">{money(line.charged, language)}</Table.Td>
                  <Table.Td ta="right">{money(line.doubtful, language)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </section>
      <Budgets sandbox={sandbox} />
    </div>
  );
}

function Sum({ title, amount, strong }: { title: string; amount?: string; strong?: boolean }) {
  const language = useLook((look) => look.language);
  return (
    <div>
      <Text size="sm" className="quiet">
        {title}
      </Text>
      <Text fz={26} fw={strong ? 650 : 450} className="figures">
        {amount === undefined ? "–" : money(amount, language)}
      </Text>
    </div>
  );
}

/** The table as a file; the gateway writes it. */
async function csv(query: { by: string; since: string; sandbox: boolean }) {
  const search = new URLSearchParams({ by: query.by, since: query.since, sandbox: String(query.sandbox) });
  const answer = await fetch(`/v1/usage?${search}`, { headers: { accept: "text/csv" } });
  if (!answer.ok) throw await troubleOf(answer);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `fluxroom-usage-by-${query.by}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
