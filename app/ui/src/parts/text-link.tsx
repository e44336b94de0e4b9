// A link to a page, with the styles of the library.
import { Anchor, type AnchorProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, Ref } from "react";

type Props = AnchorProps &
  Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps> & { ref?: Ref<HTMLAnchorElement> };

function StyledAnchor(props: Props) {
  return <Anchor size="sm" {...props} />;
}

export const TextLink = createLink(StyledAnchor);
