import { useLook } from "@/look";
import { day, money } from "@/numbers";
import classes from "./Costs.module.css";

/** A bar per day; the table below has the same figures. */
export function Bars({ lines, label }: { lines: { key: string; charged: string }[]; label: string }) {
  const language = useLook((look) => look.language);
  const days = [...lines].sort((one, other) => one.key.localeCompare(other.key));
  const most = Math.max(...days.map((one) => Number(one.charged)), 1e-9);
  return (
    <figure className={classes.chart} aria-label={label}>
      {days.map((one) => (
        <span
          key={one.key}
          title={`${day(one.key, language)}: ${money(one.charged, language)}`}
          style={{ height: `${Math.max(2, (Number(one.charged) / most) * 100)}%` }}
        />
      ))}
    </figure>
  );
}
