// What is wrong with the connection or the program, above every page.
import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { useNetwork } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { CloudOff, Lock, RefreshCw } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { writesQuery } from "../api/readiness";
import { useSignals } from "../api/signals";

export function Banners() {
  const { t } = useTranslation();
  const { online } = useNetwork();
  const { readOnly, stale, newVersion, unreachable } = useSignals();
  useQuery({ ...writesQuery, enabled: readOnly });
  return (
    <Stack gap="xs" aria-live="polite">
      {!online && <Banner icon={<CloudOff size={18} aria-hidden />}>{t("banner.offline")}</Banner>}
      {online && unreachable && (
        <Banner icon={<CloudOff size={18} aria-hidden />}>{t("banner.unreachable")}</Banner>
      )}
      {readOnly && <Banner icon={<Lock size={18} aria-hidden />}>{t("banner.read_only")}</Banner>}
      {stale && !readOnly && <Banner icon={<RefreshCw size={18} aria-hidden />}>{t("banner.stale")}</Banner>}
      {newVersion && (
        <Banner
          icon={<RefreshCw size={18} aria-hidden />}
          action={
            <Button size="compact-sm" variant="default" onClick={() => location.reload()}>
              {t("banner.reload")}
            </Button>
          }
        >
          {t("banner.new_version")}
        </Banner>
      )}
    </Stack>
  );
}

function Banner({ icon, action, children }: { icon: ReactNode; action?: ReactNode; children: ReactNode }) {
  return (
    <Alert color="yellow" variant="outline" p="xs" icon={icon}>
      <Group justify="space-between" gap="xs">
        <Text size="sm">{children}</Text>
        {action}
      </Group>
    </Alert>
  );
}
