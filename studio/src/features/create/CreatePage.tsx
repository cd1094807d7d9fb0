import { useMediaQuery } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { lazy, Suspense, useEffect } from "react";
import { useModel, useModels } from "@/api/queries";
import { useOrigin } from "@/features/chat/origin";
import { useLook } from "@/look";
import { useWords } from "@/words";
import classes from "./Create.module.css";
import { useDraft } from "./draft";
import { Panel } from "./Panel";
import { Stage } from "./results/Stage";

const BackToChat = lazy(() => import("@/features/chat/BackToChat"));

/** Ask for pictures on the left, see them on the right. */
export function CreatePage() {
  const words = useWords();
  const id = useDraft((draft) => draft.model);
  const change = useDraft((draft) => draft.change);
  const { data: list } = useModels();
  const { data: model } = useModel(id);
  const set = useLook((look) => look.set);
  const conversation = useOrigin((origin) => origin.conversation);
  const phone = useMediaQuery("(max-width: 62em)", false);
  const gone = Boolean(list && id && !list.models.some((one) => one.id === id));

  useEffect(() => {
    set({ welcomed: true });
  }, [set]);
  useEffect(() => {
    if (!list || (id && !gone)) return;
    if (gone) notifications.show({ message: words.create.modelGone(id), autoClose: 9000 });
    change({ model: list.default, provider: "auto", mode: null });
  }, [list, id, gone, change, words]);

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
