import { Stack, Text, Title } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { Link, useParams } from "@tanstack/react-router";
import { useModel, useModels } from "@/api/queries";
import create from "@/features/create/Create.module.css";
import { RunRow } from "@/features/create/results/RunRow";
import { Missing } from "@/shell/Broken";
import { useKnownGenerations } from "@/shell/openJobs";
import { useWordsOf } from "@/words";
import { tools } from "@/words/tools";
import { EMPTY, useToolDrafts } from "./draft";
import { GoBar } from "./GoBar";
import { missingIn, requestOf } from "./request";
import { ToolForm } from "./ToolForm";
import classes from "./Tools.module.css";
import { isTool, modeOf, type Place, placesOf, TOOLS, type ToolName } from "./tools";
import { useFirstPicture } from "./useFirstPicture";

/** One tool: its form on the left, what it made on the right. */
export function ToolPage() {
  const { tool } = useParams({ from: "/tools/$tool" });
  return isTool(tool) ? <Screen key={tool} tool={tool} /> : <Missing />;
}

function Screen({ tool }: { tool: ToolName }) {
  const words = useWordsOf(tools);
  const stacked = useMediaQuery("(max-width: 62em)", false);
  const { data: list } = useModels();
  const chosen = useToolDrafts((state) => state.drafts[tool]?.place);
  const places = placesOf(tool, list?.models ?? []);
  const place = places.find((one) => one.value === chosen) ?? places[0];
  return (
    <div className={create.page} data-stacked={stacked || undefined}>
      <section className={create.side} aria-label={words.names[tool]}>
        <div className={create.form}>
          <Tabs now={tool} />
          <Title order={1} size="h3" mt="md">
            {words.names[tool]}
          </Title>
          <Text size="sm" className="quiet" mb="lg">
            {words.about[tool]}
          </Text>
          {list && !place && <Text className="warn">{words.none}</Text>}
          {place && <Form tool={tool} places={places} place={place} />}
        </div>
        {place && <Bar tool={tool} place={place} />}
      </section>
      <section className={create.stage} aria-label={words.results}>
        <Results tool={tool} places={places} />
      </section>
    </div>
  );
}

function Tabs({ now }: { now: ToolName }) {
  const words = useWordsOf(tools);
  return (
    <nav className={classes.tabs} aria-label={words.all}>
      {TOOLS.map((one) => (
        <Link
          key={one}
          to="/tools/$tool"
          params={{ tool: one }}
          aria-current={one === now ? "page" : undefined}
        >
          {words.names[one]}
        </Link>
      ))}
    </nav>
  );
}

function useToolMode(tool: ToolName, place: Place) {
  const { data: model } = useModel(place.model.id);
  return model?.routes[place.provider]?.modes[modeOf(tool)];
}

function Form({ tool, places, place }: { tool: ToolName; places: Place[]; place: Place }) {
  const mode = useToolMode(tool, place);
  const draft = useToolDrafts((state) => state.drafts[tool]) ?? EMPTY;
  const picture = useFirstPicture(draft.pictures);
  if (!mode) return null;
  return <ToolForm tool={tool} places={places} place={place} mode={mode} picture={picture} />;
}

function Bar({ tool, place }: { tool: ToolName; place: Place }) {
  const mode = useToolMode(tool, place);
  const draft = useToolDrafts((state) => state.drafts[tool]) ?? EMPTY;
  const picture = useFirstPicture(draft.pictures);
  if (!mode) return null;
  return (
    <GoBar
      name={tool}
      body={requestOf(mode, modeOf(tool), place.value, draft, picture)}
      missing={missingIn(mode, draft, picture)}
    />
  );
}

/** What this tool has made, the newest on top. */
function Results({ tool, places }: { tool: ToolName; places: Place[] }) {
  const words = useWordsOf(tools);
  const models = new Set(places.map((one) => one.model.id));
  const made = useKnownGenerations().filter((one) => one.mode === modeOf(tool) && models.has(one.model));
  if (!made.length) return <Text className="quiet">{words.noResults}</Text>;
  return (
    <Stack gap={28}>
      {made.map((one) => (
        <RunRow key={one.id} generation={one} />
      ))}
    </Stack>
  );
}
