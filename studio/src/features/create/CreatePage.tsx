import { useMediaQuery } from "@mantine/hooks";
import { lazy, Suspense, useEffect } from "react";
import { useOrigin } from "@/features/chat/origin";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Create.module.css";
import { Panel } from "./Panel";
import { Stage } from "./results/Stage";
import { useChosenModel } from "./useChosenModel";

const BackToChat = lazy(() => import("@/features/chat/BackToChat"));

/** Ask for pictures on the left, see them on the right. */
export function CreatePage() {
  const words = useWords();
  const model = useChosenModel();
  const set = useLook((look) => look.set);
  const conversation = useOrigin((origin) => origin.conversation);
  const phone = useMediaQuery("(max-width: 62em)", false);

  useEffect(() => {
    set({ welcomed: true });
  }, [set]);

  return (
    <div className={classes.page} data-stacked={phone || undefined}>
      <h1 className="hidden">{words.create.title}</h1>
      <section className={classes.side} aria-label={words.create.form}>
        {conversation && (
          <Suspense>
            <BackToChat conversation={conversation} />
          </Suspense>
        )}
        {model ? <Panel key={model.id} model={model} /> : <div className={classes.waiting} />}
      </section>
      <section id="results" className={classes.stage} aria-label={words.create.resultsTitle}>
        <Stage />
      </section>
    </div>
  );
}
