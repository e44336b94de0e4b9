import { useFormat } from "./use-format";

/** A moment, in the company's zone. */
export function Moment({ at }: { at: string }) {
  const { time, exactTime } = useFormat();
  return (
    <time dateTime={at} title={exactTime(at)} style={{ whiteSpace: "nowrap" }}>
      {time(at)}
    </time>
  );
}
