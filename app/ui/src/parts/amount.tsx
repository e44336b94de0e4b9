import type { Money } from "../format/money";
import { useFormat } from "./use-format";

type Props = {
  of: Money;
  /** With its sign and its colour; never the colour alone. */
  change?: boolean;
  /** Neither earned nor lost: money that was paid out. */
  neutral?: boolean;
};

export function Amount({ of, change = false, neutral = false }: Props) {
  const { money } = useFormat();
  const sense = of.amount_minor > 0 ? "earned" : of.amount_minor < 0 ? "lost" : undefined;
  const isColoured = !neutral && (change || of.amount_minor < 0);
  return (
    <span className="amount" data-sense={isColoured ? sense : undefined}>
      {money(of, { sign: change ? "always" : "auto" })}
    </span>
  );
}
