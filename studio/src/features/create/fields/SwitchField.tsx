import { Group, Switch, Text, Tooltip } from "@mantine/core";
import { CircleHelp, RotateCcw } from "lucide-react";
import { isSet } from "@/form/fields";
import { useWords } from "@/words";
import classes from "../Create.module.css";
import type { FieldProps } from "./ParameterField";

/** Yes or no, in one line. */
export function SwitchField({ field, value, onChange, problem }: FieldProps) {
  const words = useWords().field;
  const fallback = field.default ?? field.providerDefault ?? false;
  return (
    <div data-field={field.name}>
      <Group gap={6} wrap="nowrap">
        <Switch
          size="sm"
          checked={Boolean(value ?? fallback)}
          onChange={(event) => onChange(event.currentTarget.checked)}
          label={field.title}
          styles={{ label: { fontWeight: 550, fontSize: 13 } }}
        />
        {field.help && (
          <Tooltip label={field.help} events={{ hover: true, focus: true, touch: true }}>
            <button
              type="button"
              className={classes.help}
              aria-label={`${words.help(field.title)}: ${field.help}`}
            >
              <CircleHelp size={13} aria-hidden />
            </button>
          </Tooltip>
        )}
        {isSet(value) && (
          <button
            type="button"
            className={classes.help}
            style={{ marginLeft: "auto" }}
            aria-label={words.reset(field.title)}
            onClick={() => onChange(undefined)}
          >
            <RotateCcw size={13} aria-hidden />
          </button>
        )}
      </Group>
      {problem && (
        <Text size="xs" className="bad" role="alert" mt={4}>
          {problem}
        </Text>
      )}
    </div>
  );
}
