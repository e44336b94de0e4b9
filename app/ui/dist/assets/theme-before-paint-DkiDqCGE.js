// Sets the theme and the language before the first paint. A file, because the CSP allows no inline script.
(() => {
  const root = document.documentElement;
  let theme = null;
  try {
    theme = localStorage.getItem("piecework.theme");
    root.lang = localStorage.getItem("piecework.language") ?? root.lang;
  } catch {
    // Without storage, the system decides.
  }
  const dark = theme === "dark" || (theme !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
