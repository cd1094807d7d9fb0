import { Button, Group, NumberInput, Select, Text, Title } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, data, problemOf } from "@/api/client";
import { useLook } from "@/look";
import { dateTime, money } from "@/numbers";
import { useWords } from "@/words";
import classes from "./Costs.module.css";

type Period = "day" | "month" | "total";

/** What may be spent, what is left of it, and how to change it. */
export function Budgets({ sandbox }: { sandbox: boolean }) {
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
