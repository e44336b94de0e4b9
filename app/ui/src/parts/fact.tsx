import { Group, Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A name and its value on one line. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Group justify="space-between" wrap="nowrap" gap="sm">
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div" size="sm" ta="right">
        {children}
      </Text>
    </Group>
  );
}
