import { useFormat } from "./use-format";

/** A moment, in the zone that the page names. */
export function Moment({ at }: { at: string }) {
  const { time, exactTime } = useFormat();
  return (
    <time dateTime={at} title={exactTime(at)} style={{ whiteSpace: "nowrap" }}>
      {time(at)}
    </time>
  );
}
