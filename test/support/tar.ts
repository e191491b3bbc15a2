/** A member of a tar made by hand, so that it can lie: names that lead elsewhere, links, sizes that are wrong. */
export interface TarPart {
  readonly name: string;
  readonly body?: Uint8Array | string;
  /** `0` file, `1` hard link, `2` symbolic link, `x` pax header, `L` GNU long name, … */
  readonly type?: string;
  readonly link?: string;
  readonly size?: number;
}

export function tarOf(parts: readonly TarPart[], ending = true): Buffer {
  return Buffer.concat([...parts.flatMap(tarPart), ...(ending ? [Buffer.alloc(1024)] : [])]);
}

function tarPart({ name, body = '', type = '0', link = '', size }: TarPart): Buffer[] {
  const data = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
  const head = Buffer.alloc(512);
  head.write(name, 0, 100);
  head.write('0000644\0', 100);
  head.write('0000000\0', 108);
  head.write('0000000\0', 116);
  head.write(`${(size ?? data.length).toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        ', 148);
  head.write(type, 156);
  head.write(link, 157, 100);
  head.write('ustar\0', 257);
  head.write('00', 263);
  head.write(
    `${head
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
  );
  return [head, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
}
