import { Text, Title } from "@mantine/core";
import { useWords } from "@/words";
import { useDraft } from "../draft";
import { PRESETS, shapeOf } from "../fields/sizes";
import classes from "./Results.module.css";

/** Three prompts to begin with; each fills the form. */
export function Examples() {
  const words = useWords().create;
  const change = useDraft((draft) => draft.change);
  const setValue = useDraft((draft) => draft.setValue);
  return (
    <div className={classes.empty}>
      <Title order={2} size="h3">
        {words.emptyTitle}
      </Title>
      <Text className="quiet" mt={4} mb="lg">
        {words.emptyText}
      </Text>
      <div className={classes.examples}>
        {words.examples.map((one) => {
          const size = PRESETS[one.size] ?? { width: 4, height: 3 };
          return (
            <button
              key={one.title}
              type="button"
              className={classes.example}
              onClick={() => {
                change({ prompt: one.prompt });
                setValue("image_size", one.size);
              }}
            >
              <span className={classes.frame}>
                <span className={classes.paper} style={shapeOf(size.width / size.height, 74)} aria-hidden />
              </span>
              <strong>{one.title}</strong>
              <span className="quiet">{one.prompt}</span>
              <span className={classes.use}>{words.useExample}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
