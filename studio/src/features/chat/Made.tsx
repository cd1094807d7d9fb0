import { ActionIcon, Button, Group, Text, Tooltip } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useQueryClient } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { CornerDownRight, Download, SlidersHorizontal, Square } from "lucide-react";
import { problemOf } from "@/api/client";
import { stop } from "@/api/conversations";
import { place, readGeneration } from "@/api/queries";
import type { Generation, Picture, ProviderName } from "@/api/types";
import { useDraft } from "@/features/create/draft";
import { Failure } from "@/features/create/results/Failure";
import { OpenTile } from "@/features/create/results/OpenTile";
import { PROVIDERS } from "@/shell/TopBar";
import { useCharge } from "@/ui/states";
import { useWords, useWordsOf } from "@/words";
import { chat } from "@/words/chat";
import classes from "./Chat.module.css";
import { useOrigin } from "./origin";

const OPEN = new Set(["queued", "submitting", "running", "fetching"]);

interface Props {
  generation: Generation;
  conversation: string;
  base: string | undefined;
  onPick: (image: string) => void;
  onSayAgain: (text: string) => void;
}

/** The pictures of an answer, what they cost, and how to go on from them. */
export function Made({ generation, conversation, base, onPick, onSayAgain }: Props) {
  const words = useWordsOf(chat);
  const run = useWords().run;
  const client = useQueryClient();
  const navigate = useNavigate();
  const charge = useCharge(generation);
  const open = generation.jobs.filter((job) => OPEN.has(job.state));
  const sent = open.some((job) => job.state !== "queued");

  async function halt() {
    try {
      const said = await stop(client, conversation);
      place(client, await readGeneration(generation.id));
      notifications.show({ title: words.stopped, message: said.join(" "), autoClose: 9000 });
    } catch (error) {
      notifications.show({ color: "red", message: problemOf(error).detail });
    }
  }
  function asForm() {
    useOrigin.setState({ conversation });
    useDraft.getState().reuse(generation);
    void navigate({ to: "/create" });
  }
  return (
    <>
      <div className={classes.tiles}>
        {generation.images.map((one) => (
          <MadePicture
            key={one.id}
            picture={one}
            prompt={generation.prompt}
            goesOn={base === one.id}
            onPick={() => onPick(one.id)}
          />
        ))}
        {open.map((job) => (
          <OpenTile key={job.id} job={job} generation={generation} />
        ))}
      </div>
      {generation.settled && generation.error && (
        <Failure
          generation={generation}
          next={
            <Button size="compact-sm" variant="default" mt={8} onClick={() => onSayAgain(generation.prompt)}>
              {words.sayAgain}
            </Button>
          }
        />
      )}
      <Group gap={8} mt={6}>
        <Text size="xs" className="quiet">
          {generation.model} · {PROVIDERS[generation.provider as ProviderName]} · {charge}
          {generation.sandbox && ` · ${run.sandbox}`}
        </Text>
        {open.length > 0 ? (
          <>
            <Button
              size="compact-sm"
              variant="default"
              leftSection={<Square size={11} aria-hidden />}
              onClick={() => void halt()}
            >
              {words.stop}
            </Button>
            {sent && (
              <Text size="xs" className="quiet">
                {run.cancelNote[generation.provider]}
              </Text>
            )}
          </>
        ) : (
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<SlidersHorizontal size={13} aria-hidden />}
            onClick={asForm}
          >
            {words.asForm}
          </Button>
        )}
      </Group>
    </>
  );
}

interface PictureProps {
  picture: Picture;
  prompt: string;
  goesOn: boolean;
  onPick: () => void;
}

function MadePicture({ picture, prompt, goesOn, onPick }: PictureProps) {
  const words = useWordsOf(chat);
  const run = useWords().run;
  const alt = run.alt(prompt.slice(0, 120));
  return (
    <figure className={classes.made}>
      <Link to="/i/$id" params={{ id: picture.id }} aria-label={`${run.open}: ${alt}`}>
        <img
          src={`${picture.thumbnail}?size=512`}
          alt={alt}
          width={picture.width}
          height={picture.height}
          draggable
          onDragStart={(event) => event.dataTransfer.setData("application/x-fluxroom-image", picture.id)}
        />
      </Link>
      <figcaption>
        {goesOn ? (
          <Text component="span" size="xs" className={classes.goes}>
            <CornerDownRight size={13} aria-hidden /> {words.goingOn}
          </Text>
        ) : (
          <Button
            size="compact-sm"
            variant="default"
            leftSection={<CornerDownRight size={13} aria-hidden />}
            onClick={onPick}
          >
            {words.goOn}
          </Button>
        )}
        <Tooltip label={run.download}>
          <ActionIcon
            component="a"
            href={`${picture.download}&download=1`}
            download
            variant="subtle"
            color="gray"
            size={28}
            aria-label={run.download}
          >
            <Download size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </figcaption>
    </figure>
  );
}
