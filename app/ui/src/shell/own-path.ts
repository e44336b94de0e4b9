/** A path of this page, or nothing: never another site. What stands in an address is not to be trusted. */
export function ownPath(text: unknown): string | undefined {
  return typeof text === "string" && /^\/(?![/\\])/.test(text) ? text : undefined;
}
