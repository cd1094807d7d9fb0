import { Button, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useBudgets } from "@/api/money";
import { useHealth } from "@/api/queries";
import type { Problem } from "@/api/types";
import { useLook } from "@/look";
import { dateTime, money } from "@/numbers";
import { useWords } from "@/words";

interface Props {
  problem: Problem;
  /** What the request costs, and for how many pictures. */
  cost: number;
  images: number;
  onFewer: (images: number) => void;
}

/** The budget said no: what is left of it, and the ways on. */
export function BudgetStop({ problem, cost, images, onFewer }: Props) {
  const words = useWords().budget;
  const language = useLook((look) => look.language);
  const { data: health } = useHealth();
  const { data: budgets } = useBudgets(Boolean(health?.sandbox), Boolean(health));
  const budget = budgets?.filter((one) => one.scope === problem.scope && one.period === problem.period).at(0);
  const left = Math.max(0, Number(budget?.left ?? 0));
  const fits = images > 0 && cost > 0 ? Math.min(images - 1, Math.floor(left / (cost / images) + 1e-9)) : 0;
  return (
    <>
      {budget && (
        <Text size="sm">
          {words.stop(money(cost, language), money(left, language))}{" "}
          {budget.resets_at && words.resets(dateTime(budget.resets_at, language))}
        </Text>
      )}
      <Group gap={6} mt={8}>
        {fits > 0 && (
          <Button size="compact-sm" variant="default" onClick={() => onFewer(fits)}>
            {words.fewer(fits, images)}
          </Button>
        )}
        <Button size="compact-sm" variant="default" component={Link} to="/costs">
          {words.raise}
        </Button>
      </Group>
    </>
  );
}
