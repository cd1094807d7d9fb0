import { Tooltip } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useBudgets, useToday } from "@/api/money";
import { useHealth } from "@/api/queries";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWords } from "@/words";
import classes from "./BudgetPill.module.css";

/** What today has cost, beside what a day may cost where that is said. */
export function BudgetPill() {
  const words = useWords().budget;
  const language = useLook((look) => look.language);
  const { data: health } = useHealth();
  const { data: spent } = useToday();
  const { data: budgets } = useBudgets(Boolean(health?.sandbox), Boolean(health));
  if (spent === undefined) return null;
  const budget = budgets?.find((one) => one.scope === "all" && one.period === "day");
  const share = budget ? Number(budget.spent) / Math.max(Number(budget.most), 1e-9) : 0;
  const text = budget
    ? words.of(money(budget.spent, language), money(budget.most, language))
    : money(spent, language);
  return (
    <Tooltip label={words.today}>
      <Link
        to="/costs"
        className={`${classes.pill} figures`}
        data-level={share >= 1 ? "over" : share >= 0.8 ? "near" : "fine"}
        aria-label={`${words.today}: ${text}`}
      >
        {text}
      </Link>
    </Tooltip>
  );
}
