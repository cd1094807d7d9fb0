import { Text } from "@mantine/core";
import type { Problem } from "@/api/types";
import { useWords } from "@/words";

/** What happened, whether it was charged, what to do next: in the page's language; the provider's own words below. */
export function ProblemText({ problem, compact = false }: { problem: Problem | null; compact?: boolean }) {
  const words = useWords().problem;
  if (!problem) return null;
  const what = words.what[problem.code] ?? words.other;
  const charge = problem.charge && words.charge[problem.charge];
  const advice = words.advice[problem.code];
  const reasons = Array.isArray(problem.reasons) ? problem.reasons.join(", ") : "";
  return (
    <>
      <Text size="sm" fw={550}>
        {what} {reasons && words.reason(reasons)} {!compact && charge}
      </Text>
      {advice && <Text size="sm">{advice}</Text>}
      {problem.detail && (
        <Text size="xs" className="quiet" mt={4} lang="en" style={{ overflowWrap: "anywhere" }}>
          {problem.detail}
        </Text>
      )}
    </>
  );
}
