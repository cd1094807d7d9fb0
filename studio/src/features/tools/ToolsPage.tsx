import { Text, Title } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Brush, Eraser, Expand, Focus, type LucideIcon, Maximize, Shirt, ZoomIn } from "lucide-react";
import { useModels } from "@/api/queries";
import { useLook } from "@/look";
import { money } from "@/numbers";
import { useWords, useWordsOf } from "@/words";
import { tools } from "@/words/tools";
import classes from "./Tools.module.css";
import { modeOf, placesOf, TOOLS, type ToolName } from "./tools";

const ICONS: Record<ToolName, LucideIcon> = {
  fill: Brush,
  erase: Eraser,
  outpaint: Expand,
  expand: Maximize,
  deblur: Focus,
  tryon: Shirt,
  upscale: ZoomIn,
};

/** All tools, with what each does and costs. */
export function ToolsPage() {
  const words = useWordsOf(tools);
  const create = useWords().create;
  const language = useLook((look) => look.language);
  const { data: list } = useModels();
  return (
    <div className={classes.page}>
      <Title order={1} size="h2">
        {words.title}
      </Title>
      <Text className="quiet">{words.lead}</Text>
      <div className={classes.cards}>
        {TOOLS.map((tool) => {
          const Icon = ICONS[tool];
          const place = placesOf(tool, list?.models ?? [])[0];
          const price = place?.model.routes[place.provider]?.prices[modeOf(tool)]?.example.low;
          return (
            <Link key={tool} to="/tools/$tool" params={{ tool }} className={classes.card}>
              <Icon size={26} strokeWidth={1.6} aria-hidden />
              <Text component="span" fw={600}>
                {words.names[tool]}
              </Text>
              <Text component="span" size="sm" className="quiet">
                {words.about[tool]}
              </Text>
              <Text component="span" size="sm" className="figures" mt={4}>
                {price && create.each(money(price, language))}
              </Text>
            </Link>
          );
        })}
      </div>
    </div>
  );
}
