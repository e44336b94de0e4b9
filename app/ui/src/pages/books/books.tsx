// The frame of the books: its parts, each with an address of its own.
import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { SubNav } from "../../parts/sub-nav";

export function BooksFrame() {
  const { t } = useTranslation();
  return (
    <>
      <SubNav
        label={t("nav.books")}
        pages={[
          { to: "/books/days", label: t("books.days") },
          { to: "/books/earnings", label: t("books.earnings") },
          { to: "/books/wallets", label: t("books.wallets") },
          { to: "/books/payouts", label: t("books.payouts") },
        ]}
      />
      <Outlet />
    </>
  );
}
