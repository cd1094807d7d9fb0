import { Menu, Tooltip, VisuallyHidden } from "@mantine/core";
import { Link, useLocation } from "@tanstack/react-router";
import { Ellipsis, ListTodo, PanelsTopLeft } from "lucide-react";
import { Fragment } from "react";
import { useWords } from "@/words";
import { PLACES } from "./places";
import classes from "./Shell.module.css";

/** The places on the left; with words where there is room for them. */
export function Rail({ labels }: { labels: boolean }) {
  const words = useWords().nav;
  const { pathname } = useLocation();
  return (
    <nav aria-label={words.main} className={classes.rail}>
      {PLACES.map(({ to, word, icon: Icon }) => (
        <Tooltip key={to} label={words[word]} position="right" disabled={labels}>
          <Link to={to} className={classes.place} data-active={pathname.startsWith(to) || undefined}>
            <Icon size={19} strokeWidth={1.8} aria-hidden />
            {labels ? words[word] : <VisuallyHidden>{words[word]}</VisuallyHidden>}
          </Link>
        </Tooltip>
      ))}
    </nav>
  );
}

/** The same on a phone, under the thumb. */
export function BottomTabs({ onQueue }: { onQueue: () => void }) {
  const words = useWords();
  const { pathname } = useLocation();
  const main = PLACES.filter(({ to }) => to === "/create" || to === "/gallery");
  return (
    <nav aria-label={words.nav.main} className={classes.tabs}>
      {main.map(({ to, word, icon: Icon }, place) => (
        <Fragment key={to}>
          <Link to={to} className={classes.tab} data-active={pathname.startsWith(to) || undefined}>
            <Icon size={20} strokeWidth={1.8} aria-hidden />
            {words.nav[word]}
          </Link>
          {place === 0 && (
            <Link
              to="/create"
              hash="results"
              className={classes.tab}
              activeProps={{ "aria-current": undefined }}
            >
              <PanelsTopLeft size={20} strokeWidth={1.8} aria-hidden />
              {words.nav.results}
            </Link>
          )}
        </Fragment>
      ))}
      <button type="button" className={classes.tab} onClick={onQueue}>
        <ListTodo size={20} strokeWidth={1.8} aria-hidden />
        {words.shell.queue}
      </button>
      <Menu position="top-end">
        <Menu.Target>
          <button type="button" className={classes.tab}>
            <Ellipsis size={20} strokeWidth={1.8} aria-hidden />
            {words.nav.more}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {PLACES.filter((one) => !main.includes(one)).map(({ to, word, icon: Icon }) => (
            <Menu.Item key={to} component={Link} to={to} leftSection={<Icon size={16} aria-hidden />}>
              {words.nav[word]}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
    </nav>
  );
}
