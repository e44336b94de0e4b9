// The list of all keys, and the switch for them.
import { Group, Kbd, Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useMe } from "../api/me";
import { Dialog } from "../parts/dialog";
import { pagesOf } from "./navigation";
import { setShortcuts, useShortcutsOn } from "./shortcuts";

const letter = (code: string) => code.replace("Key", "").toLowerCase();

export function ShortcutSwitch() {
  const { t } = useTranslation();
  const on = useShortcutsOn();
  return (
    <Switch
      label={t("keys.on")}
      description={t("keys.on_text")}
      checked={on}
      onChange={(event) => setShortcuts(event.currentTarget.checked)}
    />
  );
}

export function ShortcutHelp({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const me = useMe();
  const keys = [
    [["c"], t("keys.create")],
    [["/"], t("keys.search")],
    [["j"], t("keys.next")],
    [["k"], t("keys.previous")],
    [["e"], t("keys.complete")],
    ...pagesOf(me).map(({ key, label }) => [["g", letter(key)], t(`nav.${label}`)] as const),
    [["?"], t("keys.help")],
    [["Ctrl", "k"], t("keys.palette")],
  ] as const;
  return (
    <Dialog opened={opened} onClose={onClose} title={t("keys.title")}>
      <Stack gap="xs">
        {keys.map(([parts, text]) => (
          <Group key={text} justify="space-between" wrap="nowrap">
            <Text size="sm">{text}</Text>
            <Group gap={4} wrap="nowrap">
              {parts.map((part) => (
                <Kbd key={part}>{part}</Kbd>
              ))}
            </Group>
          </Group>
        ))}
        <ShortcutSwitch />
      </Stack>
    </Dialog>
  );
}
