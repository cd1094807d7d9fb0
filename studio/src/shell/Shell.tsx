import { AppShell } from "@mantine/core";
import { useHotkeys, useMediaQuery } from "@mantine/hooks";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useLook } from "@/look";
import { useWords } from "@/words";
import { Banner } from "./Banner";
import { Locked } from "./Locked";
import { BottomTabs, Rail } from "./Navigation";
import { QueueDrawer } from "./QueueDrawer";
import classes from "./Shell.module.css";
import { TopBar } from "./TopBar";

/** What stands around every screen. */
export function Shell() {
  const words = useWords();
  const navigate = useNavigate();
  const wide = useMediaQuery("(min-width: 80em)", true);
  const phone = useMediaQuery("(max-width: 48em)", false);
  const [queue, setQueue] = useState(false);
  const [locked, setLocked] = useState(false);
  const singleKeys = useLook((look) => look.singleKeys);

  useEffect(() => {
    const lock = () => setLocked(true);
    window.addEventListener("fluxroom-locked", lock);
    return () => window.removeEventListener("fluxroom-locked", lock);
  }, []);
  useHotkeys(singleKeys ? [["q", () => setQueue((open) => !open)]] : []);
  useGoKeys(singleKeys, (to) => void navigate({ to }));

  if (locked) return <Locked />;
  return (
    <AppShell
      header={{ height: 48 }}
      navbar={{ width: wide ? 176 : 60, breakpoint: "sm", collapsed: { mobile: true } }}
      footer={{ height: 56, collapsed: !phone }}
      padding={0}
    >
      <a className={classes.skip} href="#content">
        {words.nav.skip}
      </a>
      <AppShell.Header className={classes.header}>
        <TopBar onQueue={() => setQueue(true)} phone={phone} />
      </AppShell.Header>
      <AppShell.Navbar className={classes.navbar}>
        <Rail labels={wide} />
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1} className={classes.main}>
        <Banner />
        <Outlet />
      </AppShell.Main>
      {phone && (
        <AppShell.Footer className={classes.footer}>
          <BottomTabs onQueue={() => setQueue(true)} />
        </AppShell.Footer>
      )}
      <QueueDrawer opened={queue} onClose={() => setQueue(false)} />
    </AppShell>
  );
}

const PLACES = {
  c: "/create",
  t: "/chat",
  g: "/gallery",
  v: "/compare",
  b: "/bulk",
  p: "/pipelines",
  w: "/tools",
  m: "/models",
  $: "/costs",
  s: "/settings",
} as const;

/** "g" and then a letter goes somewhere. */
function useGoKeys(on: boolean, go: (to: (typeof PLACES)[keyof typeof PLACES]) => void) {
  useEffect(() => {
    if (!on) return;
    let armed = 0;
    const press = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || /INPUT|TEXTAREA|SELECT/.test(target.tagName))
        return;
      if (event.key === "g" && Date.now() - armed > 1000) {
        armed = Date.now();
      } else if (Date.now() - armed < 1000 && event.key in PLACES) {
        armed = 0;
        event.preventDefault();
        go(PLACES[event.key as keyof typeof PLACES]);
      }
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, [on, go]);
}
