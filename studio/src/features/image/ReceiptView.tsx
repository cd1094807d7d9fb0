import type { Job } from "@/api/types";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWords } from "@/words";
import { Facts } from "./Facts";

/** What a job was estimated at, what it was charged, and where the figure is from. */
export function ReceiptView({ job }: { job: Job }) {
  const words = useWords().image;
  const language = useLook((look) => look.language);
  const { receipt } = job;
  return (
    <Facts
      rows={[
        [words.estimated, money(receipt.estimated, language)],
        [words.charged, receipt.charged === null ? "–" : money(receipt.charged, language)],
        [words.state, words.chargeState[receipt.state] ?? receipt.state],
        [words.source, words.chargeSource[receipt.source] ?? receipt.source],
        ...(Number(receipt.doubtful) > 0
          ? [[words.doubtful, money(receipt.doubtful, language)] as [string, string]]
          : []),
        [
          words.endpoint,
          <span key="endpoint" className="mono">
            {job.endpoint}
          </span>,
        ],
        [
          words.requestId,
          <span key="request" className="mono">
            {job.request_id}
          </span>,
        ],
      ]}
    />
  );
}
