// The list of all keys, and the switch for them.
import { Group, Kbd, Modal, Stack, Switch, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useMe } from "../api/me";
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
    <Modal.Root opened={opened} onClose={onClose}>
      <Modal.Overlay />
      <Modal.Content>
        <Modal.Header component="div">
          <Modal.Title component="h2" fw={600}>
            {t("keys.title")}
          </Modal.Title>
          <Modal.CloseButton aria-label={t("close")} />
        </Modal.Header>
        <Modal.Body>
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
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
