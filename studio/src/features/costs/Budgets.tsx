import { Button, Group, NumberInput, Select, Text, TextInput, Title } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api } from "@/api/client";
import { useBudgets } from "@/api/money";
import { useLook } from "@/look";
import { dateTime, money } from "@/numbers";
import { tellTrouble } from "@/ui/tellTrouble";
import { useWords, type Words } from "@/words";
import classes from "./Costs.module.css";

type Period = "day" | "month" | "total";
type Whose = "all" | "owner" | "run";

/** What may be spent, what is left of it, and how to change it. */
export function Budgets({ sandbox }: { sandbox: boolean }) {
  const words = useWords().costs;
  const language = useLook((look) => look.language);
  const client = useQueryClient();
  const [amount, setAmount] = useState<number | string>(5);
  const [period, setPeriod] = useState<Period>("day");
  const [whose, setWhose] = useState<Whose>("all");
  const [name, setName] = useState("");
  const { data: budgets } = useBudgets(sandbox);

  async function change(work: Promise<unknown>) {
    await work.catch(tellTrouble);
    await client.invalidateQueries({ queryKey: ["budgets"] });
  }
  const scope = whose === "all" ? "all" : `${whose}:${name.trim()}`;
  const put = () =>
    change(
      api.PUT("/v1/budgets/{scope}/{period}", {
        params: { path: { scope, period } },
        body: { most: String(amount) },
      }),
    );
  const incomplete = typeof amount !== "number" || (whose !== "all" && !name.trim());

  return (
    <section className={classes.block}>
      <Title order={2} size="h4">
        {words.budgets}
      </Title>
      {!budgets?.length && (
        <Text size="sm" className="quiet" mt={4}>
          {words.noBudgets}
        </Text>
      )}
      {budgets?.map((one) => {
        const share = Math.min(1, Number(one.spent) / Math.max(Number(one.most), 1e-9));
        return (
          <div key={`${one.scope}-${one.period}`} className={classes.budget}>
            <div>
              <Text size="sm" fw={550} className="figures">
                {scopeText(words, one.scope)} · {money(one.most, language)} {words.period[one.period]}
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
        <Select
          label={words.whose}
          w={150}
          allowDeselect={false}
          value={whose}
          onChange={(next) => setWhose((next ?? "all") as Whose)}
          data={(["all", "owner", "run"] as const).map((one) => ({
            value: one,
            label: words.budgetOf[one] ?? one,
          }))}
        />
        {whose !== "all" && (
          <TextInput
            label={words.nameOf[whose]}
            w={160}
            value={name}
            onChange={(event) => setName(event.currentTarget.value)}
          />
        )}
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
        <Button variant="default" onClick={() => void put()} disabled={incomplete}>
          {words.setBudget}
        </Button>
      </Group>
    </section>
  );
}

/** "Key: anna" for owner:anna. */
function scopeText(words: Words["costs"], scope: string): string {
  const [kind = "", name = ""] = scope.split(/:(.*)/s);
  const known = words.budgetOf[kind] ?? kind;
  return name ? `${known}: ${name}` : known;
}
