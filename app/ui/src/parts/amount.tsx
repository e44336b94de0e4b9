import type { Money } from "../format/money";
import { useFormat } from "./use-format";

/** An amount. `change`: with its sign and its colour; never the colour alone. */
export function Amount({ of, change = false }: { of: Money; change?: boolean }) {
  const { money } = useFormat();
  const sense = of.amount_minor > 0 ? "earned" : of.amount_minor < 0 ? "lost" : undefined;
  const isColoured = change || of.amount_minor < 0;
  return (
    <span className="amount" data-sense={isColoured ? sense : undefined}>
      {money(of, { sign: change ? "always" : "auto" })}
    </span>
  );
}
