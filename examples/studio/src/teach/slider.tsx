interface Props {
  readonly name: string;
  readonly value: number;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly isOff?: boolean;
  readonly format?: (value: number) => string;
  readonly onChange: (value: number) => void;
}

/** A number within bounds, with what it is now beside its name. */
export const Slider = ({ name, value, from, to, step, isOff, format = String, onChange }: Props) => (
  <label class={`slider${isOff ? " off" : ""}`}>
    <span>{name}</span>
    <output class="number">{format(value)}</output>
    <input
      type="range"
      min={from}
      max={to}
      step={step}
      value={value}
      disabled={isOff}
      aria-valuetext={format(value)}
      onInput={({ currentTarget }) => onChange(Number(currentTarget.value))}
    />
  </label>
);
