import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from "@mantine/core";

// Greys without a tint, so that they do not colour the judgement of a picture.
const grey: MantineColorsTuple = [
  "#fafafa",
  "#f4f4f4",
  "#ebebeb",
  "#dedede",
  "#c9c9c9",
  "#a3a3a3",
  "#737373",
  "#575757",
  "#404040",
  "#262626",
];
const dark: MantineColorsTuple = [
  "#ededed",
  "#c7c7c7",
  "#a3a3a3",
  "#6e6e6e",
  "#474747",
  "#363636",
  "#2a2a2a",
  "#1f1f1f",
  "#181818",
  "#111111",
];

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 7, dark: 8 }, // white on it is readable in both themes
  colors: { gray: grey, dark },
  fontFamily: '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  headings: { fontWeight: "620" },
  defaultRadius: "md",
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "12px", xl: "20px" },
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    Tooltip: { defaultProps: { withArrow: true, openDelay: 300, multiline: true, maw: 300 } },
    Modal: { defaultProps: { transitionProps: { duration: 120 }, overlayProps: { opacity: 0.5 } } },
    Drawer: { defaultProps: { transitionProps: { duration: 120 } } },
    Popover: { defaultProps: { transitionProps: { duration: 100 }, shadow: "md" } },
    Menu: { defaultProps: { transitionProps: { duration: 100 }, shadow: "md" } },
  },
});

export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#616161",
    "--mantine-color-placeholder": "#6f6f6f",
    "--fr-panel": "#ffffff",
    "--fr-page": "#f7f7f7",
    "--fr-line": "#e3e3e3",
    "--fr-well": "#f1f1f1",
    "--fr-hover": "#f0f0f0",
    "--fr-accent": "#3b5bdb",
    "--fr-accent-soft": "#edf2ff",
    "--fr-good": "#1d7a35",
    "--fr-warn": "#8f5a00",
    "--fr-bad": "#c22525",
    "--fr-warn-soft": "#fff6e0",
    "--fr-bad-soft": "#fff0f0",
  },
  dark: {
    "--mantine-color-body": "#181818",
    "--mantine-color-dimmed": "#a8a8a8",
    "--mantine-color-placeholder": "#8f8f8f",
    "--fr-panel": "#1e1e1e",
    "--fr-page": "#161616",
    "--fr-line": "#333333",
    "--fr-well": "#262626",
    "--fr-hover": "#2a2a2a",
    "--fr-accent": "#91a7ff",
    "--fr-accent-soft": "#252c47",
    "--fr-good": "#69db7c",
    "--fr-warn": "#ffd066",
    "--fr-bad": "#ff9c9c",
    "--fr-warn-soft": "#332a14",
    "--fr-bad-soft": "#3a1f1f",
  },
});
