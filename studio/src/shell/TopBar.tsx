import {
  ActionIcon,
  Button,
  Group,
  Kbd,
  Menu,
  Tooltip,
  useMantineColorScheme,
  VisuallyHidden,
} from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { Languages, ListTodo, Monitor, Moon, Search, Sun } from "lucide-react";
import { useHealth } from "@/api/queries";
import { useLook } from "@/look";
import { BudgetPill } from "@/ui/BudgetPill";
import { mod } from "@/ui/keys";
import { useWords } from "@/words";
import { useOpenJobs } from "./openJobs";
import classes from "./Shell.module.css";

export const PROVIDERS = { bfl: "BFL", fal: "fal" } as const;

interface Props {
  onQueue: () => void;
  onPalette: () => void;
  phone: boolean;
}

export function TopBar({ onQueue, onPalette, phone }: Props) {
  const words = useWords();
  const open = useOpenJobs();
  return (
    <div className={classes.bar}>
      <Link to="/create" className={classes.brand}>
        <img src="/icon.svg" alt="" width={24} height={24} />
        {phone ? <VisuallyHidden>Fluxroom</VisuallyHidden> : "Fluxroom"}
      </Link>
      {phone ? (
        <ActionIcon
          variant="subtle"
          color="gray"
          size={30}
          ml="auto"
          aria-label={words.palette.title}
          onClick={onPalette}
        >
          <Search size={17} aria-hidden />
        </ActionIcon>
      ) : (
        <Button
          variant="default"
          size="compact-sm"
          ml="md"
          leftSection={<Search size={14} aria-hidden />}
          rightSection={<Kbd size="xs">{mod()} K</Kbd>}
          onClick={onPalette}
        >
          <span className="quiet">{words.palette.title}</span>
        </Button>
      )}
      <Group gap={phone ? 6 : 14} ml={phone ? 0 : "auto"} wrap="nowrap">
        {!phone && <ProviderStates />}
        <BudgetPill />
        {!phone && (
          <Button
            variant="default"
            size="compact-sm"
            leftSection={<ListTodo size={15} aria-hidden />}
            onClick={onQueue}
            className="figures"
            aria-label={open ? `${words.shell.queue}: ${words.shell.queueCount(open)}` : words.shell.queue}
          >
            {open || words.shell.queue}
          </Button>
        )}
        <Group gap={4} wrap="nowrap">
          <LanguageMenu />
          <ThemeMenu />
        </Group>
      </Group>
    </div>
  );
}

function ProviderStates() {
  const words = useWords();
  const { data } = useHealth();
  return (
    <Group gap={12} wrap="nowrap">
      {data?.providers.map((one) => {
        const state = !one.set_up ? "off" : one.sandbox ? "sandbox" : "on";
        const said = { off: words.settings.noKey, sandbox: words.settings.sandbox, on: words.settings.works }[
          state
        ];
        return (
          <span key={one.provider} className={classes.provider}>
            <span className={classes.dot} data-state={state} aria-hidden />
            {PROVIDERS[one.provider]}
            <span className="quiet">{said}</span>
          </span>
        );
      })}
    </Group>
  );
}

function LanguageMenu() {
  const words = useWords().shell;
  const language = useLook((look) => look.language);
  const set = useLook((look) => look.set);
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={words.language}>
          <Button
            variant="subtle"
            color="gray"
            size="compact-sm"
            leftSection={<Languages size={16} aria-hidden />}
            aria-label={`${language.toUpperCase()}: ${words.language}, ${words.name}`}
          >
            {language.toUpperCase()}
          </Button>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item lang="en" onClick={() => set({ language: "en" })}>
          English
        </Menu.Item>
        <Menu.Item lang="de" onClick={() => set({ language: "de" })}>
          Deutsch
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function ThemeMenu() {
  const words = useWords().shell;
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const Icon = { light: Sun, dark: Moon, auto: Monitor }[colorScheme];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label={words.theme}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={30}
            aria-label={`${words.theme}: ${words[colorScheme]}`}
          >
            <Icon size={17} aria-hidden />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Sun size={15} aria-hidden />} onClick={() => setColorScheme("light")}>
          {words.light}
        </Menu.Item>
        <Menu.Item leftSection={<Moon size={15} aria-hidden />} onClick={() => setColorScheme("dark")}>
          {words.dark}
        </Menu.Item>
        <Menu.Item leftSection={<Monitor size={15} aria-hidden />} onClick={() => setColorScheme("auto")}>
          {words.auto}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
