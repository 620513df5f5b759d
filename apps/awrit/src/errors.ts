/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError"
}

/** The command failed: exit code 1. The message says what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError"
}

/** The reader of stdout closed the pipe, as `head` does. This is not a failure. */
export class ReaderGone extends Error {
  override readonly name = "ReaderGone"

  constructor() {
    super("the reader of stdout closed the pipe")
  }
}

/** A sign-in needs the admin secret, and there is none. */
export class NoSecretError extends CommandError {}
