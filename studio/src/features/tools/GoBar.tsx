import { Alert, Button, Text } from "@mantine/core";
import { useDebouncedValue, useHotkeys } from "@mantine/hooks";
import { Trouble } from "@/api/client";
import { useQuote } from "@/api/queries";
import type { Json } from "@/api/types";
import create from "@/features/create/Create.module.css";
import type { RequestBody } from "@/features/create/request";
import { useSubmit } from "@/features/create/useSubmit";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { ProblemText } from "@/ui/ProblemText";
import { useWordsOf } from "@/words";
import { tools } from "@/words/tools";
import type { Missing } from "./request";
import type { ToolName } from "./tools";

interface Props {
  name: ToolName;
  body: Record<string, Json>;
  missing: Missing;
}

const PAUSE = 250; // milliseconds without a change

/** The button, with the price of this picture on it, or what is still missing. */
export function GoBar({ name, body, missing }: Props) {
  const words = useWordsOf(tools);
  const language = useLook((look) => look.language);
  const { submit, busy, problem } = useSubmit();
  const text = JSON.stringify(body);
  const [asked] = useDebouncedValue(text, PAUSE);
  const { data, error, isFetching } = useQuote(missing ? null : JSON.parse(asked));
  const refused = !missing && error instanceof Trouble ? error.problem : null;
  const quote = missing || refused ? undefined : (data?.quote as { low: string; high: string } | undefined);
  const off = missing !== null || refused?.code === "invalid_params";
  const go = () => {
    if (!off && !busy) void submit(body as unknown as RequestBody);
  };
  useHotkeys([["mod+Enter", go]], []);
  return (
    <div className={create.bar}>
      {(problem ?? refused) && (
        <Alert color="red" variant="light" mb="sm" p="xs" role="alert">
          <ProblemText problem={problem ?? refused} compact />
        </Alert>
      )}
      <Button fullWidth size="md" data-testid="generate" onClick={go} disabled={off} loading={busy}>
        {words.names[name]}
        <span
          className="figures"
          style={{ marginLeft: 10, fontWeight: 450, opacity: isFetching || asked !== text ? 0.6 : 1 }}
        >
          {quote && money(quote.high ?? quote.low, language)}
        </span>
      </Button>
      <Text size="xs" className="quiet" mt={6} mih={18} role="status">
        {missing && words.missing[missing]}
      </Text>
    </div>
  );
}
