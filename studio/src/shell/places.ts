// Where one can go, by link, by key and by the palette.

import {
  Blocks,
  Brush,
  CircleDollarSign,
  Columns3,
  Images,
  type LucideIcon,
  MessageSquare,
  Settings,
  Sparkles,
  Table2,
  Workflow,
} from "lucide-react";
import type { Words } from "@/words";

export interface Place {
  to:
    | "/create"
    | "/chat"
    | "/tools"
    | "/gallery"
    | "/compare"
    | "/bulk"
    | "/pipelines"
    | "/models"
    | "/costs"
    | "/settings";
  word: keyof Words["nav"];
  icon: LucideIcon;
  /** The letter after "g". */
  key: string;
}

export const PLACES: Place[] = [
  { to: "/create", word: "create", icon: Sparkles, key: "c" },
  { to: "/chat", word: "chat", icon: MessageSquare, key: "t" },
  { to: "/tools", word: "tools", icon: Brush, key: "w" },
  { to: "/gallery", word: "gallery", icon: Images, key: "g" },
  { to: "/compare", word: "compare", icon: Columns3, key: "m" },
  { to: "/bulk", word: "bulk", icon: Table2, key: "b" },
  { to: "/pipelines", word: "pipelines", icon: Workflow, key: "p" },
  { to: "/models", word: "models", icon: Blocks, key: "o" },
  { to: "/costs", word: "costs", icon: CircleDollarSign, key: "l" },
  { to: "/settings", word: "settings", icon: Settings, key: "s" },
];
