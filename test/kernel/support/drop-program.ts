import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a program returns to have a frame dropped. */
const dropped = { xdp: 1, classifier: 2 } as const;

/**
 * A BPF program that drops every frame, as the object file that iproute2 loads. Two instructions need no compiler:
 * "r0 = DROP; exit" in a section of their own, their symbol, and a licence.
 */
function dropProgram(kind: keyof typeof dropped): Buffer {
  const names = Buffer.from(`\0${kind}\0license\0.symtab\0.strtab\0drop\0`);
  const name = (text: string) => names.indexOf(`\0${text}\0`) + 1;
  const program = Buffer.from('b7000000000000009500000000000000', 'hex');
  program.writeUInt32LE(dropped[kind], 4);
  const symbols = Buffer.alloc(48); // the empty one, and the function
  symbols.writeUInt32LE(name('drop'), 24);
  symbols.writeUInt8(0x12, 28); // global function
  symbols.writeUInt16LE(1, 30); // of the first section
  symbols.writeBigUInt64LE(BigInt(program.length), 40);

  const sections = [
    { name: kind, type: 1, flags: 6, content: program, link: 0, info: 0, entry: 0 },
    { name: 'license', type: 1, flags: 3, content: Buffer.from('GPL\0'), link: 0, info: 0, entry: 0 },
    { name: '.symtab', type: 2, flags: 0, content: symbols, link: 4, info: 1, entry: 24 },
    { name: '.strtab', type: 3, flags: 0, content: names, link: 0, info: 0, entry: 0 },
  ];
  const header = Buffer.alloc(64);
  Buffer.from('7f454c46020101', 'hex').copy(header); // 64 bits, little endian
  header.writeUInt16LE(1, 16); // relocatable
  header.writeUInt16LE(247, 18); // EM_BPF
  header.writeUInt32LE(1, 20);
  header.writeUInt16LE(64, 52);
  header.writeUInt16LE(64, 58);
  header.writeUInt16LE(sections.length + 1, 60);
  header.writeUInt16LE(4, 62); // where the names are

  const parts = [header];
  const table = Buffer.alloc(64 * (sections.length + 1));
  let offset = header.length;
  for (const [i, section] of sections.entries()) {
    const at = 64 * (i + 1);
    table.writeUInt32LE(name(section.name), at);
    table.writeUInt32LE(section.type, at + 4);
    table.writeBigUInt64LE(BigInt(section.flags), at + 8);
    table.writeBigUInt64LE(BigInt(offset), at + 24);
    table.writeBigUInt64LE(BigInt(section.content.length), at + 32);
    table.writeUInt32LE(section.link, at + 40);
    table.writeUInt32LE(section.info, at + 44);
    table.writeBigUInt64LE(8n, at + 48);
    table.writeBigUInt64LE(BigInt(section.entry), at + 56);
    const padded = Buffer.concat([section.content, Buffer.alloc(-section.content.length & 7)]);
    parts.push(padded);
    offset += padded.length;
  }
  header.writeBigUInt64LE(BigInt(offset), 40);
  return Buffer.concat([...parts, table]);
}

/** Run something with the program in a file, which is gone afterwards. */
export async function withDropProgram(
  kind: keyof typeof dropped,
  use: (file: string) => Promise<unknown>,
): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'arpwhy-drop-'));
  try {
    const file = join(directory, 'drop.o');
    writeFileSync(file, dropProgram(kind));
    await use(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
