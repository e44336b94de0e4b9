// The parts of a page that has several, as links.
import { Box, Group } from "@mantine/core";
import { Link, type LinkProps, useRouterState } from "@tanstack/react-router";
import classes from "./sub-nav.module.css";

export type SubPage = { to: NonNullable<LinkProps["to"]>; label: string };

export function SubNav({ label, pages }: { label: string; pages: readonly SubPage[] }) {
  const path = useRouterState({ select: ({ location }) => location.pathname });
  return (
    <Box component="nav" aria-label={label} mb="md">
      <Group gap={4} className={classes.list}>
        {pages.map(({ to, label }) => {
          const isActive = path === to || path.startsWith(`${to}/`);
          return (
            <Link key={to} to={to} className={classes.link} aria-current={isActive ? "page" : undefined}>
              {label}
            </Link>
          );
        })}
      </Group>
    </Box>
  );
}
