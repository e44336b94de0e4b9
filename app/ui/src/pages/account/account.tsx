// The person's own account.
import { Grid, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Boundary } from "../../parts/boundary";
import { PageTitle } from "../../parts/page-title";
import { Section } from "../../parts/section";
import { ShortcutSwitch } from "../../shell/shortcut-help";
import { ApiTokens } from "./api-tokens";
import { Password } from "./password";
import { Appearance, Profile } from "./profile";
import { Sessions } from "./sessions";

export function AccountPage() {
  const { t } = useTranslation();
  return (
    <>
      <PageTitle title={t("nav.account")} />
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="xl">
            <Section title={t("account.profile")}>
              <Profile />
            </Section>
            <Section title={t("account.appearance")}>
              <Appearance />
            </Section>
            <Section title={t("keys.title")}>
              <ShortcutSwitch />
            </Section>
            <Section title={t("account.password")}>
              <Password />
            </Section>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }}>
          <Stack gap="xl">
            <Section title={t("account.sessions")}>
              <Boundary>
                <Sessions />
              </Boundary>
            </Section>
            <Section title={t("account.tokens")}>
              <Boundary>
                <ApiTokens />
              </Boundary>
            </Section>
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}
