/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

/** The command cannot do what it was asked to: exit code 1. The message says what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError"
}

/** Whoever read the output has gone, as `head` does; nothing is wrong. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone"

  constructor() {
    super("whoever read the output has gone")
  }
}
