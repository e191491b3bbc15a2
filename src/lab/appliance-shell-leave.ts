/** How a command leaves the normal flow of a shell. Thrown all the time, so it takes no stack along. */
export class Leave {
  readonly how: 'exit' | 'return' | 'break' | 'continue';
  readonly value: number;

  constructor(how: Leave['how'], value: number) {
    this.how = how;
    this.value = value;
  }
}

/** `exec bash …`: another shell takes this one's place. */
export class Replace extends Error {
  readonly argv: readonly string[];

  constructor(argv: readonly string[]) {
    super('exec');
    this.argv = argv;
  }
}
