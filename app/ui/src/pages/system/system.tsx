// The frame of the system's pages.
import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { useMay } from "../../api/me";
import { SubNav, type SubPage } from "../../parts/sub-nav";

export function SystemFrame() {
  const { t } = useTranslation();
  const seesAudit = useMay("see_audit");
  const pages: SubPage[] = [
    { to: "/system/modules", label: t("system.modules") },
    { to: "/system/events", label: t("system.events_short") },
    { to: "/system/mail", label: t("system.mail") },
    ...(seesAudit ? ([{ to: "/system/audit", label: t("system.audit") }] as const) : []),
  ];
  return (
    <>
      <SubNav label={t("nav.system")} pages={pages} />
      <Outlet />
    </>
  );
}
