import { Text } from "@mantine/core";
import type { Problem } from "@/api/types";
import { useLook } from "@/look";
import { useWords } from "@/words";

/** What happened, whether it was charged, what to do next: in the page's language; the gateway's own words below. */
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
      {problem.detail && problem.detail !== what && <Said detail={problem.detail} />}
    </>
  );
}

/** The gateway speaks English: said at once to those who read English here, behind one press to all others. */
function Said({ detail }: { detail: string }) {
  const words = useWords().problem;
  const language = useLook((look) => look.language);
  const text = (
    <Text size="xs" className="quiet" mt={4} lang="en" style={{ overflowWrap: "anywhere" }}>
      {detail}
    </Text>
  );
  if (language === "en") return text;
  return (
    <details>
      <Text component="summary" size="xs" className="quiet" mt={4}>
        {words.said}
      </Text>
      {text}
    </details>
  );
}
