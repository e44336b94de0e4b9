// A link with which a person sets a password. It is shown once.
import { Alert, Button, CopyButton, Group, Stack, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

export function OneTimeLink({ token }: { token: string }) {
  const { t } = useTranslation();
  const address = `${location.origin}/set-password#token=${encodeURIComponent(token)}`;
  return (
    <Stack>
      <Alert color="yellow" variant="outline" p="xs">
        {t("people.link_once")}
      </Alert>
      <TextInput label={t("people.link")} value={address} readOnly />
      <Group justify="flex-end">
        <CopyButton value={address}>
          {({ copied, copy }) => (
            <Button variant="default" onClick={copy}>
              {t(copied ? "copied" : "copy")}
            </Button>
          )}
        </CopyButton>
      </Group>
    </Stack>
  );
}
