/** A person. A module that does not know the person yet sends no name. */
export function Person({ name }: { id: string; name: string | null }) {
  return <span style={{ whiteSpace: "nowrap" }}>{name ?? "…"}</span>;
}
