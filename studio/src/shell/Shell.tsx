import { AppShell } from "@mantine/core";
import { useHotkeys, useMediaQuery } from "@mantine/hooks";
import { Outlet, useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { useLook } from "@/look";
import { useWords } from "@/words";
import { Banner } from "./Banner";
import { Locked } from "./Locked";
import { BottomTabs, Rail } from "./Navigation";
import { QueueDrawer } from "./QueueDrawer";
import classes from "./Shell.module.css";
import { TopBar } from "./TopBar";
import { useGoKeys } from "./useGoKeys";

const Palette = lazy(() => import("./Palette"));
const KeyList = lazy(() => import("./KeyList"));

/** What stands around every screen. */
export function Shell() {
  const words = useWords();
  const navigate = useNavigate();
  const wide = useMediaQuery("(min-width: 80em)", true);
  const phone = useMediaQuery("(max-width: 48em)", false);
  const [queue, setQueue] = useState(false);
  const [overlay, setOverlay] = useState<"palette" | "keys" | null>(null);
  const [locked, setLocked] = useState(false);
  const singleKeys = useLook((look) => look.singleKeys);

  useEffect(() => {
    const lock = () => setLocked(true);
    window.addEventListener("fluxroom-locked", lock);
    return () => window.removeEventListener("fluxroom-locked", lock);
  }, []);
  useHotkeys(
    singleKeys
      ? [
          ["q", () => setQueue((open) => !open)],
          ["shift+?", () => setOverlay("keys")],
          ["?", () => setOverlay("keys")],
        ]
      : [],
  );
  // Also while somebody types: it is no letter.
  useHotkeys([["mod+K", () => setOverlay("palette")]], []);
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
        <TopBar onQueue={() => setQueue(true)} onPalette={() => setOverlay("palette")} phone={phone} />
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
      <Suspense>
        {overlay === "palette" && (
          <Palette
            onClose={() => setOverlay(null)}
            onQueue={() => setQueue(true)}
            onShortcuts={() => setOverlay("keys")}
          />
        )}
        {overlay === "keys" && <KeyList onClose={() => setOverlay(null)} />}
      </Suspense>
    </AppShell>
  );
}
