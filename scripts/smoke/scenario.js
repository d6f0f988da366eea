/** What every runtime must do with the installed package. */
export async function scenario(ocelli) {
  return { names: Object.keys(ocelli).length };
}
