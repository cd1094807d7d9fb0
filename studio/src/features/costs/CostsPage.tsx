import { Button, Group, NumberInput, Select, Skeleton, Switch, Table, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Download } from "lucide-react";
import { useState } from "react";
import { api, data, problemOf } from "@/api/client";
import { useHealth } from "@/api/queries";
import type { components } from "@/api/schema";
import { useLook } from "@/look";
import { dateTime, day, money } from "@/numbers";
import { useWords } from "@/words";
import { Bars } from "./Bars";
import classes from "./Costs.module.css";

type Usage = components["schemas"]["UsageAnswer"];
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
            onClick={() => void csv(query)}
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

type Period = "day" | "month" | "total";

function Budgets({ sandbox }: { sandbox: boolean }) {
  const words = useWords().costs;
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const [amount, setAmount] = useState<number | string>(5);
  const [period, setPeriod] = useState<Period>("day");
  const { data: found } = useQuery({
    queryKey: ["budgets", sandbox],
    queryFn: () => data(api.GET("/v1/budgets", { params: { query: { sandbox } } })),
  });

  async function change(work: Promise<unknown>) {
    await work.catch((error: unknown) =>
      notifications.show({ color: "red", message: problemOf(error).detail }),
    );
    await client.invalidateQueries({ queryKey: ["budgets"] });
  }
  const put = () =>
    change(
      api.PUT("/v1/budgets/{scope}/{period}", {
        params: { path: { scope: "all", period } },
        body: { most: String(amount) },
      }),
    );

  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.budgets}
      </Title>
      {!found?.budgets.length && (
        <Text size="sm" className="quiet" mt={4}>
          {words.noBudgets}
        </Text>
      )}
      {found?.budgets.map((one) => {
        const share = Math.min(1, Number(one.spent) / Math.max(Number(one.most), 1e-9));
        return (
          <div key={`${one.scope}-${one.period}`} className={classes.budget}>
            <div>
              <Text size="sm" fw={550} className="figures">
                {words.budgetOf[one.scope] ?? one.scope} · {money(one.most, language)}{" "}
                {words.period[one.period]}
              </Text>
              <div
                className={classes.track}
                data-level={share >= 1 ? "over" : share >= 0.8 ? "near" : "fine"}
              >
                <span style={{ transform: `scaleX(${share})` }} />
              </div>
              <Text size="xs" className="quiet figures">
                {words.left(money(one.left, language))}
                {one.resets_at && ` · ${dateTime(one.resets_at, language)}`}
              </Text>
            </div>
            <Button
              size="compact-sm"
              variant="default"
              onClick={() =>
                void change(
                  api.DELETE("/v1/budgets/{scope}/{period}", {
                    params: { path: { scope: one.scope, period: one.period } },
                  }),
                )
              }
            >
              {words.remove}
            </Button>
          </div>
        );
      })}
      <Group mt="md" align="flex-end" gap="sm">
        <NumberInput label={words.amount} prefix="$ " w={120} min={0} value={amount} onChange={setAmount} />
        <Select
          aria-label={words.last}
          w={130}
          allowDeselect={false}
          value={period}
          onChange={(next) => setPeriod((next ?? "day") as Period)}
          data={(["day", "month", "total"] as const).map((one) => ({
            value: one,
            label: words.period[one] ?? one,
          }))}
        />
        <Button variant="default" onClick={() => void put()} disabled={typeof amount !== "number"}>
          {words.setBudget}
        </Button>
      </Group>
    </section>
  );
}

function daysAgo(days: number): string {
  return new Date(Date.now() - (days - 1) * 86_400_000).toISOString().slice(0, 10);
}

/** The table as a file; the gateway writes it. */
async function csv(query: { by: string; since: string; sandbox: boolean }) {
  const search = new URLSearchParams({ by: query.by, since: query.since, sandbox: String(query.sandbox) });
  const answer = await fetch(`/v1/usage?${search}`, { headers: { accept: "text/csv" } });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = `fluxroom-usage-by-${query.by}.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}
