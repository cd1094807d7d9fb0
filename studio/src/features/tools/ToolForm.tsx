import { Select, Stack, Text, Textarea } from "@mantine/core";
import type { Mode } from "@/api/types";
import { ParameterList } from "@/features/request/ParameterList";
import { PictureSlots } from "@/features/request/PictureSlots";
import { useLook } from "@/look";
import { PROVIDERS } from "@/shell/TopBar";
import { inLanguage, useWordsOf } from "@/words";
import { tools } from "@/words/tools";
import { EMPTY, useToolDrafts } from "./draft";
import { FrameField } from "./FrameField";
import { MaskField } from "./MaskField";
import { frameNames, type Place, type ToolName } from "./tools";
import type { Whole } from "./useFirstPicture";

interface Props {
  tool: ToolName;
  places: Place[];
  place: Place;
  mode: Mode;
  picture: Whole | null;
}

/** A tool's own small form: the picture, what is to be done where, and the rest of the model's parameters. */
export function ToolForm({ tool, places, place, mode, picture }: Props) {
  const words = useWordsOf(tools);
  const language = useLook((look) => look.language);
  const draft = useToolDrafts((state) => state.drafts[tool]) ?? EMPTY;
  const change = useToolDrafts((state) => state.change);
  const names = new Set(mode.parameters.map((one) => one.name));
  const frame = frameNames(mode);
  return (
    <Stack gap="lg">
      <div>
        <PictureSlots
          label={tool === "tryon" ? words.person : words.picture}
          help={tool === "tryon" ? words.tryonHelp : undefined}
          pictures={draft.pictures}
          limit={mode.max_references}
          onChange={(update) =>
            change(tool, (before) => {
              const pictures = update(before.pictures);
              // A mask is of one picture: another picture, another mask.
              const same = pictures[0]?.slot === before.pictures[0]?.slot;
              return { pictures, ...(same ? {} : { mask: null }) };
            })
          }
        />
      </div>
      {names.has("mask") && (
        <MaskField
          picture={picture?.address ?? ""}
          mask={draft.mask}
          onChange={(update) => change(tool, (before) => ({ mask: update(before.mask) }))}
        />
      )}
      {frame.length > 0 && (
        <FrameField
          picture={picture}
          sides={draft.sides}
          onChange={(sides) => change(tool, () => ({ sides }))}
        />
      )}
      {names.has("prompt") && (
        <Textarea
          id="prompt"
          label={words.promptOf}
          placeholder={words.prompt[tool]}
          autosize
          minRows={2}
          maxRows={10}
          value={draft.prompt}
          onChange={(event) => {
            const prompt = event.currentTarget.value;
            change(tool, () => ({ prompt }));
          }}
        />
      )}
      {places.length > 1 && (
        <Select
          label={words.model}
          allowDeselect={false}
          searchable
          value={place.value}
          data={places.map((one) => ({
            value: one.value,
            label: `${inLanguage(one.model.titles, language)} · ${PROVIDERS[one.provider]}`,
          }))}
          onChange={(next) => change(tool, () => ({ place: next ?? "" }))}
        />
      )}
      {places.length === 1 && (
        <Text size="sm" className="quiet">
          {inLanguage(place.model.titles, language)} · {PROVIDERS[place.provider]}
        </Text>
      )}
      <ParameterList
        mode={mode}
        values={draft.values}
        without={frame}
        onChange={(name, value) =>
          change(tool, ({ values }) => {
            const { [name]: _, ...rest } = values;
            return { values: value === undefined ? rest : { ...rest, [name]: value } };
          })
        }
      />
    </Stack>
  );
}
