import { Group, Title } from "@mantine/core";
import { type ReactNode, useId } from "react";

/** A part of a page with its heading. */
export function Section({
  id: given,
  title,
  aside,
  children,
}: {
  /** The id of the heading, if other pages lead to it. */
  id?: string;
  title: string;
  aside?: ReactNode;
  children: ReactNode;
}) {
  const own = useId();
  const id = given ?? own;
  return (
    <section aria-labelledby={id}>
      <Group justify="space-between" mb="sm">
        <Title order={2} id={id} tabIndex={-1}>
          {title}
        </Title>
        {aside}
      </Group>
      {children}
    </section>
  );
}
