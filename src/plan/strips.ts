import type { Slices } from "../core/slices.js";
import type { Value } from "../graph/graph.js";
import type { Argument, Front, Scratch, Walk } from "../graph/op.js";

/** A kernel call before its arguments have addresses. */
export interface PendingCall {
  readonly kernel: string;
  readonly args: readonly Argument[];
  /** First unit, default 0. */
  readonly first?: number;
  readonly units: number;
  readonly node: number;
  readonly walk?: Walk;
  /** When it runs, counted from 0; calls that take turns run at the same time. */
  readonly time?: number;
}

type Tensor = Value | Scratch;

/** What the calls' tensors are to the plan. */
export interface Tensors {
  /** The tensor whose memory a view shows; else the tensor itself. */
  root(tensor: Tensor): Tensor;
  /** No call writes to it. */
  constant(tensor: Tensor): boolean;
  /** Nobody but calls reads it. */
  internal(tensor: Tensor): boolean;
  bytes(tensor: Tensor): number;
  /** Memory for a part of a value. */
  window(bytes: number): Scratch;
}

export interface Strips {
  readonly calls: readonly PendingCall[];
  /** Values of which no more than a strip exists at a time. */
  readonly windows: ReadonlySet<Tensor>;
  /** Values that several calls read in turns: none of them may overwrite it. */
  readonly shared: ReadonlySet<Tensor>;
}

/** Bytes of all tensors that one strip passes over: they stay in the second-level cache, beside panels of weights. */
const stripBytes = 3 * 2 ** 18;
/** Tensors of fewer bytes together stay in the third-level cache anyhow, where whole sweeps are as fast. */
export const farBytes = 2 ** 25;

/**
 * Strip mining: reorders calls so that those which walk through the same tensors take turns, strip by strip, and what one leaves in the cache the
 * next finds there. A batch norm's sums then cost no sweep over memory, and a value that only calls of the same strip read is never written to
 * memory at all. The calls compute the same, so the bits are the same too.
 *
 * A group of walking calls is open until a walking call comes that cannot join. In between, calls that need nothing of the group go before it, others
 * that do not walk go after it; a call that needs one of the latter closes the group.
 *
 * @param leastBytes what calls pass over together, from which on they take turns
 */
export function* mineStrips(calls: readonly PendingCall[], tensors: Tensors, leastBytes: number): Slices<Strips> {
  const touched = new Map(calls.map((call) => [call, new Set(tensorsOf(call, tensors).filter((tensor) => !tensors.constant(tensor)))]));
  const uses = new Map<Tensor, number>();
  for (const set of touched.values()) for (const tensor of set) uses.set(tensor, (uses.get(tensor) ?? 0) + 1);
  const meet = (a: PendingCall, b: PendingCall) => [...(touched.get(a) as Set<Tensor>)].some((tensor) => touched.get(b)?.has(tensor));

  const result: PendingCall[] = [];
  const windows = new Set<Tensor>();
  const shared = new Set<Tensor>();
  let time = 0;
  const run = (call: PendingCall) => result.push({ ...call, time: time++ });
  let members: Member[] = [];
  let [all, before, after]: PendingCall[][] = [[], [], []];

  function* close(): Slices<void> {
    const parts = components(members);
    const isWorthwhile = (part: readonly Member[]) => part.length > 1 && bytesOf(part) >= leastBytes;
    if (parts.some(isWorthwhile)) {
      for (const tensor of new Set(members.flatMap(({ touched }) => [...touched])))
        if (members.filter(({ touched, writes }) => touched.has(tensor) && !writes.has(tensor)).length > 1) shared.add(tensor);
      before.forEach(run);
      for (const part of parts) {
        if (isWorthwhile(part)) {
          for (const call of yield* interleave(part)) result.push({ ...call, time });
          time++;
        } else for (const { call } of part) run(call);
      }
      after.forEach(run);
    } else all.forEach(run);
    members = [];
    [all, before, after] = [[], [], []];
  }

  /** The calls of one component in strips. */
  function* interleave(part: readonly Member[]): Slices<PendingCall[]> {
    const wholes = new Set(part.flatMap((member) => member.wholes));
    const most = Math.max(
      stripBytes,
      [...wholes].reduce((sum, tensor) => sum + tensors.bytes(tensor), 0),
    );
    const cuts = yield* cutsOf(part, Math.ceil(bytesOf(part) / most));
    const substitutes = new Map<Tensor, { window: Scratch; fronts: readonly number[] }>();
    for (const [tensor, streams] of streamsOf(part)) {
      const writer = streams.find(({ writes }) => writes);
      if (!writer || streams.length !== uses.get(tensor) || !tensors.internal(tensor)) continue;
      const fronts = cuts.map((cut) => writer.front.bytes(cut.get(writer.member) as number));
      const exact = streams.every(({ front, member }) => !front.ragged && cuts.every((cut, i) => front.bytes(cut.get(member) as number) === fronts[i]));
      if (!exact) continue;
      windows.add(tensor);
      // Twice as large as a strip: products touch what they would need next.
      substitutes.set(tensor, { window: tensors.window(2 * Math.max(...fronts.map((front, i) => front - (fronts[i - 1] ?? 0)))), fronts: [0, ...fronts] });
    }
    const done = new Map<Member, number>(part.map((member) => [member, 0]));
    const calls: PendingCall[] = [];
    for (const [strip, cut] of cuts.entries()) {
      yield;
      const moved = (argument: Argument): Argument => {
        if (typeof argument === "number") return argument;
        if ("base" in argument) return { base: moved(argument.base), bytes: argument.bytes };
        const substitute = substitutes.get(tensors.root(argument));
        return substitute ? { base: substitute.window, bytes: -substitute.fronts[strip] } : argument;
      };
      for (const member of part) {
        const [from, to] = [done.get(member) as number, cut.get(member) as number];
        done.set(member, to);
        if (from === to) continue;
        const { call, walk } = member;
        const each = call.units / walk.steps;
        const { args, first, units } = walk.part ? { first: 0, ...walk.part(from, to) } : { args: call.args, first: from * each, units: (to - from) * each };
        calls.push({ kernel: call.kernel, args: args.map(moved), first, units, node: call.node });
      }
    }
    return calls;
  }

  for (const call of calls) {
    yield;
    const member = call.walk && memberOf(call, call.walk, tensors);
    const delayed = after.some((other) => meet(call, other));
    if (member && (delayed || !members.every((other) => agree(other, member)) || (member.walk.product && waits(member, members)))) yield* close();
    if (member) members.push(member);
    else if (members.length === 0) {
      run(call);
      continue;
    } else if (delayed || members.some((other) => meet(call, other.call))) after.push(call);
    else before.push(call);
    all.push(call);
  }
  yield* close();
  return { calls: result, windows, shared };
}

/** A walking call and its fronts by tensor. */
interface Member {
  readonly call: PendingCall;
  readonly walk: Walk;
  readonly reads: ReadonlyMap<Tensor, Front>;
  readonly writes: ReadonlyMap<Tensor, Front>;
  readonly results: ReadonlySet<Tensor>;
  readonly touched: ReadonlySet<Tensor>;
  /** What it reads as a whole, again in every strip. */
  readonly wholes: readonly Tensor[];
}

function memberOf(call: PendingCall, walk: Walk, tensors: Tensors): Member {
  const byTensor = (fronts: readonly Front[]) => new Map(fronts.map((front) => [tensors.root(front.tensor), front]));
  const [reads, writes, results] = [byTensor(walk.reads), byTensor(walk.writes), new Set(walk.results)];
  const all = tensorsOf(call, tensors);
  const wholes = all.filter((tensor) => !reads.has(tensor) && !writes.has(tensor) && !results.has(tensor));
  return { call, walk, reads, writes, results, touched: new Set(all.filter((tensor) => !tensors.constant(tensor))), wholes };
}

/** The tensors among a call's arguments. */
function tensorsOf({ args }: PendingCall, { root }: Tensors): Tensor[] {
  const found = new Set<Tensor>();
  const add = (argument: Argument): void => {
    if (typeof argument === "number") return;
    if ("base" in argument) add(argument.base);
    else found.add(root(argument));
  };
  args.forEach(add);
  return [...found];
}

const frontOf = ({ reads, writes }: Member, tensor: Tensor): Front | undefined => writes.get(tensor) ?? reads.get(tensor);

/** Whether two calls may take turns: what both touch they both walk through, or only read. */
function agree(a: Member, b: Member): boolean {
  const writes = (member: Member, tensor: Tensor) => member.writes.has(tensor) || member.results.has(tensor);
  return [...b.touched].every((tensor) => !a.touched.has(tensor) || (frontOf(a, tensor) && frontOf(b, tensor)) || !(writes(a, tensor) || writes(b, tensor)));
}

/** Whether a call needs what a product among others makes, at once or through calls between them. */
function waits(member: Member, others: readonly Member[]): boolean {
  const makers = others.filter(({ writes }) => [...member.reads.keys()].some((tensor) => writes.has(tensor)));
  return makers.some((maker) => maker.walk.product || waits(maker, others));
}

/** Members that have to do with each other through tensors which they walk through, in their order. */
function components(members: readonly Member[]): Member[][] {
  let parts: Member[][] = [];
  for (const member of members) {
    const near = (part: readonly Member[]) => part.some((other) => [...member.touched].some((tensor) => frontOf(member, tensor) && frontOf(other, tensor)));
    const joined = parts.filter(near);
    parts = [...parts.filter((part) => !joined.includes(part)), [...joined.flat(), member]];
  }
  return parts.map((part) => part.sort((a, b) => members.indexOf(a) - members.indexOf(b)));
}

interface Stream {
  readonly member: Member;
  readonly front: Front;
  readonly writes: boolean;
}

function streamsOf(part: readonly Member[]): Map<Tensor, Stream[]> {
  const streams = new Map<Tensor, Stream[]>();
  const add = (tensor: Tensor, stream: Stream) => streams.set(tensor, [...(streams.get(tensor) ?? []), stream]);
  for (const member of part) {
    for (const [tensor, front] of member.reads) add(tensor, { member, front, writes: false });
    for (const [tensor, front] of member.writes) add(tensor, { member, front, writes: true });
  }
  return streams;
}

function bytesOf(part: readonly Member[]): number {
  return [...streamsOf(part).values()].reduce((sum, [{ member, front }]) => sum + front.bytes(member.walk.steps), 0);
}

/** How a member's steps follow from those of one that is ahead of it in the order of deciding. */
interface Link {
  readonly member: Member;
  readonly front: Front;
  readonly writes: boolean;
  readonly from: Stream;
}

/**
 * Steps of each member at the end of each strip. The member with the fewest steps leads; who makes what another needs goes just far enough, who needs
 * what another makes as far as it can. Links through tensors made here come before those through tensors that are only read, so that fronts meet.
 */
function* cutsOf(part: readonly Member[], strips: number): Slices<Map<Member, number>[]> {
  const leader = part.reduce((least, member) => (member.walk.steps < least.walk.steps ? member : least));
  const links = linksFrom(leader, part);
  const count = Math.min(strips, leader.walk.steps);
  const cuts: Map<Member, number>[] = [];
  let previous = new Map<Member, number>(part.map((member) => [member, 0]));
  for (let i = 0; i < count; i++) {
    yield;
    const last = i + 1 === count;
    const cut = new Map<Member, number>([[leader, Math.ceil((leader.walk.steps * (i + 1)) / count)]]);
    for (const { member, front, writes, from } of links) {
      const bytes = from.front.bytes(cut.get(from.member) as number);
      cut.set(member, writes ? stepsFor(front, member.walk.steps, bytes) : stepsWithin(front, member.walk.steps, bytes));
    }
    part.forEach((member, index) => {
      let steps = last ? member.walk.steps : (cut.get(member) as number);
      for (const [tensor, front] of member.reads) {
        for (const maker of part.slice(0, index)) {
          const made = maker.writes.get(tensor);
          if (made) steps = Math.min(steps, stepsWithin(front, member.walk.steps, made.bytes(cut.get(maker) as number)));
        }
      }
      cut.set(member, Math.max(steps, previous.get(member) as number));
    });
    previous = cut;
    cuts.push(cut);
  }
  return cuts;
}

function linksFrom(leader: Member, part: readonly Member[]): Link[] {
  const streams = [...streamsOf(part).values()];
  const decided = new Set([leader]);
  const links: Link[] = [];
  const next = (made: boolean): Link | undefined => {
    for (const together of streams) {
      if (together.some(({ writes }) => writes) !== made) continue;
      const from = together.find(({ member }) => decided.has(member));
      const to = together.find(({ member }) => !decided.has(member));
      if (from && to) return { ...to, from };
    }
    return undefined;
  };
  for (let link = next(true) ?? next(false); link; link = next(true) ?? next(false)) {
    decided.add(link.member);
    links.push(link);
  }
  return links;
}

/** The most steps whose front is not behind `bytes`. */
function stepsWithin(front: Front, steps: number, bytes: number): number {
  let [low, high] = [0, steps];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (front.bytes(middle) <= bytes) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The fewest steps whose front reaches `bytes`. */
function stepsFor(front: Front, steps: number, bytes: number): number {
  let [low, high] = [0, steps];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (front.bytes(middle) >= bytes) high = middle;
    else low = middle + 1;
  }
  return low;
}
