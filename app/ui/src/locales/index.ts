import i18next from "i18next";
import { initReactI18next } from "react-i18next";
import type en from "./en.json";

export const LANGUAGES = ["en", "ru"] as const;
export type Language = (typeof LANGUAGES)[number];

const KEY = "piecework.language";

declare module "i18next" {
  interface CustomTypeOptions {
    defaultNS: "translation";
    resources: { translation: typeof en };
    enableSelector: false;
  }
}

export function isLanguage(text: unknown): text is Language {
  return LANGUAGES.some((language) => language === text);
}

/** The language of this browser: chosen before, or the first known one that the browser asks for. */
function ofBrowser(): Language {
  try {
    const chosen = localStorage.getItem(KEY);
    if (isLanguage(chosen)) return chosen;
  } catch {
    // Without storage, the browser's languages decide.
  }
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? "en";
}

/** The texts of a language. A page loads those that it shows. */
const TEXTS = { en: () => import("./en.json"), ru: () => import("./ru.json") };

/** Shows the page in another language, once its texts are there. Throws if they cannot be loaded. */
export async function changeLanguage(language: Language): Promise<void> {
  if (!i18next.hasResourceBundle(language, "translation")) {
    const { default: texts } = await TEXTS[language]();
    i18next.addResourceBundle(language, "translation", texts);
  }
  try {
    localStorage.setItem(KEY, language);
  } catch {
    // The choice then lasts as long as the tab.
  }
  document.documentElement.lang = language;
  await i18next.changeLanguage(language);
}

export async function startTranslations(): Promise<void> {
  await i18next.use(initReactI18next).init({
    fallbackLng: false,
    resources: {},
    interpolation: { escapeValue: false },
  });
  await changeLanguage(ofBrowser());
}
