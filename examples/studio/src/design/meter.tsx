/** A bar from 0 to 1. */
export const Meter = ({ value, label, color }: { value: number; label: string; color?: string }) => (
  <div class="meter" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(100 * value)}>
    <div style={{ transform: `scaleX(${Math.min(1, Math.max(0, value))})`, "--meter": color }} />
  </div>
);
