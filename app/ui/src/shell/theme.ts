import { type CSSVariablesResolver, createTheme, localStorageColorSchemeManager } from "@mantine/core";

export const colorSchemes = localStorageColorSchemeManager({ key: "piecework.theme" });

export const theme = createTheme({
  // #0b7285 with white text is 5.6:1, the same filled shade in both themes.
  primaryColor: "cyan",
  primaryShade: 9,
  defaultRadius: "sm",
  cursorType: "pointer",
  respectReducedMotion: true,
  headings: { fontWeight: "600", sizes: { h1: { fontSize: "1.5rem" }, h2: { fontSize: "1.125rem" } } },
  components: {
    Badge: { defaultProps: { tt: "none", variant: "light", fw: 500, radius: "sm" } },
    Button: {
      defaultProps: { size: "sm" },
      // A long text wraps on a narrow screen instead of being cut.
      styles: {
        root: { height: "auto", minHeight: "var(--button-height)", paddingBlock: 2 },
        // The library hides what leaves the line: the lower parts of letters.
        label: { whiteSpace: "normal", overflow: "visible", lineHeight: 1.3 },
      },
    },
    TextInput: { defaultProps: { size: "sm" } },
    Tooltip: {
      defaultProps: { withArrow: true, openDelay: 300, events: { hover: true, focus: true, touch: true } },
    },
    Modal: { defaultProps: { centered: true, transitionProps: { duration: 100 } } },
    Notification: {
      defaultProps: { withBorder: true },
      styles: { description: { color: "var(--mantine-color-text)" } },
    },
    ActionIcon: { defaultProps: { variant: "subtle", size: "lg" } },
  },
});

// Mantine's defaults are below 4.5:1 for these.
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "#495057",
    "--mantine-color-placeholder": "#5c636a",
    "--mantine-color-error": "#c92a2a",
    "--mantine-color-green-outline": "#1b6e2e",
    "--mantine-color-yellow-outline": "#8f5a00",
    "--piecework-earned": "#1b6e2e",
    "--piecework-lost": "#c92a2a",
    "--mantine-color-anchor": "#0b7285",
    "--mantine-color-cyan-light": "#e4f2f5",
    "--mantine-color-cyan-light-hover": "#d3eaef",
    "--mantine-color-cyan-light-color": "#0b6478",
  },
  dark: {
    "--mantine-color-dimmed": "#b8b8b8",
    "--mantine-color-placeholder": "#a6a7ab",
    "--mantine-color-error": "#ff8787",
    "--piecework-earned": "#69db7c",
    "--piecework-lost": "#ff8787",
    "--mantine-color-anchor": "#66d9e8",
  },
});
