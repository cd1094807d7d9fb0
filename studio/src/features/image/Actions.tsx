import { ActionIcon, Button, Rating, Tooltip } from "@mantine/core";
import {
  Columns3,
  Download,
  Eye,
  EyeOff,
  Info,
  type LucideIcon,
  Pencil,
  RotateCcw,
  SlidersHorizontal,
  SplitSquareHorizontal,
  Star,
  Trash2,
} from "lucide-react";
import type { LibraryImage } from "@/api/library";
import { useWords } from "@/words";
import type { ImageActs } from "./useImageActs";

interface Props {
  image: LibraryImage;
  acts: ImageActs;
  known: boolean;
  canCompare: boolean;
  comparing: boolean;
  onCompare: () => void;
  details: boolean;
  onDetails: () => void;
}

/** What can be done with the picture: the most frequent in words, the rest as signs. */
export function Actions({ image, acts, known, canCompare, comparing, onCompare, details, onDetails }: Props) {
  const words = useWords();
  const trashed = image.trashed_at !== null;
  return (
    <>
      <Button size="compact-sm" leftSection={<Pencil size={15} aria-hidden />} onClick={acts.edit}>
        {words.run.edit}
      </Button>
      <Button
        size="compact-sm"
        variant="default"
        leftSection={<SlidersHorizontal size={15} aria-hidden />}
        disabled={!known}
        onClick={acts.reuse}
      >
        {words.run.reuse}
      </Button>
      {canCompare && (
        <Button
          size="compact-sm"
          variant={comparing ? "light" : "default"}
          aria-pressed={comparing}
          leftSection={<SplitSquareHorizontal size={15} aria-hidden />}
          onClick={onCompare}
        >
          {words.image.compare}
        </Button>
      )}
      <Sign label={words.keys.compare} icon={Columns3} onClick={acts.compare} />
      <Sign
        label={words.gallery.favourite}
        icon={Star}
        filled={image.favourite}
        pressed={image.favourite}
        onClick={acts.favourite}
      />
      <Rating
        value={image.rating}
        onChange={acts.rate}
        getSymbolLabel={(stars) => words.gallery.stars(stars)}
      />
      <Tooltip label={words.image.downloadMeta}>
        <ActionIcon
          component="a"
          href={`${image.download}&download=1`}
          download
          variant="default"
          size={28}
          aria-label={`${words.run.download}: ${words.image.downloadMeta}`}
        >
          <Download size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Sign
        label={image.hidden ? words.gallery.unhide : words.gallery.hide}
        icon={image.hidden ? Eye : EyeOff}
        onClick={acts.hide}
      />
      <Sign
        label={trashed ? words.gallery.restore : words.gallery.delete}
        icon={trashed ? RotateCcw : Trash2}
        onClick={trashed ? acts.restore : acts.remove}
      />
      <Tooltip label={words.image.details}>
        <ActionIcon
          variant={details ? "light" : "default"}
          size={28}
          visibleFrom="md"
          aria-pressed={details}
          aria-label={words.keys.info}
          onClick={onDetails}
        >
          <Info size={15} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </>
  );
}

interface SignProps {
  label: string;
  icon: LucideIcon;
  filled?: boolean;
  pressed?: boolean;
  onClick: () => void;
}

function Sign({ label, icon: Icon, filled = false, pressed, onClick }: SignProps) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={28} aria-pressed={pressed} aria-label={label} onClick={onClick}>
        <Icon size={15} fill={filled ? "currentColor" : "none"} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}
