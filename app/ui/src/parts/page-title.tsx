// The heading of a page. It takes the focus after a navigation, and names the tab.
import { Group, Title } from "@mantine/core";
import { type ReactNode, useEffect } from "react";

export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · Piecework`;
  }, [title]);
  return (
    <Group justify="space-between" align="center" mb="md" gap="sm">
      <Title order={1} tabIndex={-1} data-page-title style={{ outlineOffset: 4, overflowWrap: "anywhere" }}>
        {title}
      </Title>
      {children && <Group gap="xs">{children}</Group>}
    </Group>
  );
}
