import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const gap = 8;
/** Padding at both sides, in which the mark of the current cell may show. */
const edge = 2;
const leastCell = 104;
/** Rows kept above and below what is seen. */
const spare = 2;
/** Pixels of scrolling from one drawing to the next: less than the spare rows have. */
const grain = 64;

interface Props<T extends { readonly id: string }> {
  readonly items: readonly T[];
  readonly label: string;
  readonly selected: ReadonlySet<string>;
  readonly onSelect: (ids: ReadonlySet<string>) => void;
  readonly onOpen: (item: T) => void;
  /** Keys that the grid itself does not know. */
  readonly onKey: (event: KeyboardEvent) => void;
  readonly onDrag?: (event: DragEvent, item: T) => void;
  readonly name: (item: T) => string;
  readonly children: (item: T) => ComponentChildren;
}

/** A grid of thousands of squares, of which those in sight exist. A list box: arrows move, Space and Shift select, Enter opens. */
export function VirtualGrid<T extends { readonly id: string }>({ items, label, selected, onSelect, onOpen, onKey, onDrag, name, children }: Props<T>) {
  const box = useRef<HTMLDivElement>(null);
  const [{ width, height }, setSize] = useState({ width: 0, height: 0 });
  const [top, setTop] = useState(0);
  const [at, setAt] = useState(0);
  const anchor = useRef(0);

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement;
    const measure = () => setSize({ width: element.clientWidth - 2 * edge, height: element.clientHeight });
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    measure();
    return () => observer.disconnect();
  }, []);

  const columns = Math.max(3, Math.floor((width + gap) / (leastCell + gap)));
  const pitch = (width + gap) / columns;
  const rows = Math.ceil(items.length / columns);
  const first = Math.max(0, Math.floor(top / pitch) - spare) * columns;
  const end = Math.min(items.length, (Math.ceil((top + height) / pitch) + spare) * columns);
  const cursor = Math.min(at, items.length - 1);

  useEffect(() => {
    const element = box.current as HTMLDivElement;
    const y = Math.floor(cursor / columns) * pitch;
    if (document.activeElement !== element) return;
    if (y < element.scrollTop) element.scrollTop = y;
    else if (y + pitch > element.scrollTop + element.clientHeight) element.scrollTop = y + pitch - element.clientHeight;
  }, [cursor, columns, pitch]);

  const range = (from: number, to: number) => new Set(items.slice(Math.min(from, to), Math.max(from, to) + 1).map(({ id }) => id));
  const toggled = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    return next;
  };
  const move = (to: number, extend: boolean) => {
    const next = Math.min(items.length - 1, Math.max(0, to));
    setAt(next);
    if (!extend) anchor.current = next;
    onSelect(range(anchor.current, next));
  };
  const page = Math.max(1, Math.floor(height / pitch)) * columns;
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -page,
    PageDown: page,
    Home: -items.length,
    End: items.length,
  };
  const press = (event: KeyboardEvent) => {
    if (items.length === 0) return onKey(event);
    if (event.key in steps) move(selected.size === 0 && steps[event.key] === 1 ? cursor : cursor + steps[event.key], event.shiftKey);
    else if (event.key === " ") onSelect(toggled(items[cursor].id));
    else if (event.key === "Enter") onOpen(items[cursor]);
    else if (event.key === "Escape") onSelect(new Set());
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) onSelect(range(0, items.length - 1));
    else return onKey(event);
    event.preventDefault();
  };
  const click = (event: MouseEvent, index: number) => {
    setAt(index);
    if (event.shiftKey) return onSelect(range(anchor.current, index));
    anchor.current = index;
    onSelect(event.ctrlKey || event.metaKey || (event as PointerEvent).pointerType === "touch" ? toggled(items[index].id) : new Set([items[index].id]));
  };

  return (
    <div
      ref={box}
      class="virtual-grid"
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-multiselectable="true"
      aria-activedescendant={cursor >= first && cursor < end ? `cell-${items[cursor].id}` : undefined}
      onScroll={({ currentTarget }) => setTop(Math.round(currentTarget.scrollTop / grain) * grain)}
      onKeyDown={press}
    >
      <div role="presentation" style={{ height: `${Math.max(0, rows * pitch - gap)}px`, position: "relative" }}>
        {items.slice(first, end).map((item, i) => {
          const index = first + i;
          const [x, y] = [(index % columns) * pitch, Math.floor(index / columns) * pitch];
          return (
            <div
              key={item.id}
              id={`cell-${item.id}`}
              class={`cell${index === cursor ? " at" : ""}`}
              role="option"
              aria-selected={selected.has(item.id)}
              aria-label={name(item)}
              aria-setsize={items.length}
              aria-posinset={index + 1}
              draggable={onDrag !== undefined}
              style={{ width: `${pitch - gap}px`, height: `${pitch - gap}px`, transform: `translate(${x}px, ${y}px)` }}
              onClick={(event) => click(event, index)}
              onDblClick={() => onOpen(item)}
              onDragStart={onDrag && ((event) => onDrag(event, item))}
            >
              {children(item)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
