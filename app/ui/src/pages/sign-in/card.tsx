// The card of all pages that need no session.
import { Box, Center, Group, Paper, Stack, Text } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { PageTitle } from "../../parts/page-title";
import { Banners } from "../../shell/banners";
import { LanguageMenu, ThemeMenu } from "../../shell/preferences";

export function SignInCard({ title, children }: { title: string; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <Box mih="100vh">
      <Group component="header" justify="space-between" p="xs" px="md">
        <Text fw={700}>Piecework</Text>
        <Group gap={4}>
          <LanguageMenu />
          <ThemeMenu />
        </Group>
      </Group>
      <Center component="main" p="md">
        <Stack w="100%" maw={420} gap="md">
          <Banners />
          <Text c="dimmed" size="sm">
            {t("sign_in.what")}
          </Text>
          <Paper withBorder p="lg">
            <PageTitle title={title} />
            {children}
          </Paper>
        </Stack>
      </Center>
    </Box>
  );
}
