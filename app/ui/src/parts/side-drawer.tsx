// A form at the side of the page. Its heading is no banner landmark, unlike that of the library's own.
import { Button, Drawer, type DrawerRootProps, Group } from "@mantine/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

type Props = Pick<DrawerRootProps, "opened" | "onClose" | "position" | "size"> & {
  title: string;
  children: ReactNode;
};

export function SideDrawer({ title, children, position = "right", size = "md", ...root }: Props) {
  const { t } = useTranslation();
  return (
    <Drawer.Root position={position} size={size} lockScroll={false} {...root}>
      <Drawer.Overlay />
      {/* At the bottom it is as high as what it contains. */}
      <Drawer.Content {...(position === "bottom" ? { h: "auto" } : {})}>
        <Drawer.Header component="div">
          <Drawer.Title component="h2" fw={600} fz="lg">
            {title}
          </Drawer.Title>
          <Drawer.CloseButton aria-label={t("close")} />
        </Drawer.Header>
        <Drawer.Body>{children}</Drawer.Body>
      </Drawer.Content>
    </Drawer.Root>
  );
}

type FormButtonsProps = {
  /** What the button that sends does. */
  action: string;
  isPending: boolean;
  onCancel: () => void;
};

/** The end of a form. */
export function FormButtons({ action, isPending, onCancel }: FormButtonsProps) {
  const { t } = useTranslation();
  return (
    <Group justify="flex-end">
      <Button variant="default" onClick={onCancel}>
        {t("cancel")}
      </Button>
      <Button type="submit" loading={isPending}>
        {action}
      </Button>
    </Group>
  );
}
