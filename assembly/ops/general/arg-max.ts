/** y [outer, inner] = where the largest (or smallest) of x [outer, length, inner] is, the first or last of equal ones; a NaN wins. Units: elements of y. */
export function arg_max_f32(y: usize, x: usize, length: i32, inner: i32, smallest: bool, last: bool, begin: i32, end: i32): void {
  for (let unit = begin; unit < end; unit++) {
    let at = x + (<usize>(unit / inner * length * inner + unit % inner) << 2), best = load<f32>(at), place = 0;
    for (let i = 1; i < length; i++) {
      at += <usize>inner << 2;
      const value = load<f32>(at), ties = value == best || (isNaN(value) && isNaN(best));
      const beats = isNaN(value) ? !isNaN(best) : smallest ? value < best : value > best;
      if (beats || (last && ties)) {
        best = value;
        place = i;
      }
    }
    store<f32>(y + (<usize>unit << 2), <f32>place);
  }
}
