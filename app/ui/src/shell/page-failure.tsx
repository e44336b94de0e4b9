// What is shown instead of a page.

import { Center, Stack, Text } from "@mantine/core";
import { type ErrorComponentProps, useRouter } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { Failure } from "../parts/failure";
import { PageTitle } from "../parts/page-title";
import { TextLink } from "../parts/text-link";

/** The page could not be opened at all, such as by an unreachable program. */
export function PageFailure({ error, reset }: ErrorComponentProps) {
  const router = useRouter();
  const { t } = useTranslation();
  const retry = () => {
    reset();
    void router.invalidate();
  };
  return (
    <Center component="main" p="md">
      <Stack maw={560} w="100%" pt="xl">
        <PageTitle title={t("failure.page")} />
        <Failure error={error} onRetry={retry} />
      </Stack>
    </Center>
  );
}

export function NotFound() {
  const { t } = useTranslation();
  return (
    <Center component="main" p="md">
      <Stack maw={560} w="100%" pt="xl" gap="xs">
        <PageTitle title={t("failure.not_found")} />
        <Text>{t("failure.not_found_text")}</Text>
        <TextLink to="/">{t("failure.to_start")}</TextLink>
      </Stack>
    </Center>
  );
}

export function Forbidden() {
  const { t } = useTranslation();
  return (
    <Stack gap="xs" maw={560}>
      <PageTitle title={t("failure.forbidden")} />
      <Text>{t("failure.forbidden_text")}</Text>
      <TextLink to="/">{t("failure.to_start")}</TextLink>
    </Stack>
  );
}
