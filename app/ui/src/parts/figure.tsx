import { Text } from "@mantine/core";
import type { ReactNode } from "react";

/** A number that matters, with its name. */
export function Figure({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <Text size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="div" fz={28} fw={600} lh={1.3} className="amount">
        {children}
      </Text>
    </div>
  );
}
