/** How many of these bytes are whole blocks. They begin with a block, as our own writer made it. */
export function wholeBlocks(bytes: Buffer): number {
  let at = 0;
  while (at + 8 <= bytes.length) {
    const length = bytes.readUInt32LE(at + 4);
    if (at + length > bytes.length) break;
    at += length;
  }
  return at;
}
