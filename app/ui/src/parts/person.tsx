import { usePersonName } from "../api/people";

/** A person. `name` if the answer has it. */
export function Person({ id, name }: { id: string; name?: string | null }) {
  const known = usePersonName(name ? null : id);
  return <span style={{ whiteSpace: "nowrap" }}>{name ?? known ?? "…"}</span>;
}
