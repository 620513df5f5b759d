const HANDLED = ["SIGHUP", "SIGTERM", "SIGINT"] as const

/** A signal that the broker handles. */
export type HandledSignal = (typeof HANDLED)[number]

/**
 * Takes over the signals and keeps them until there is a handler. Without this, a signal during the start would end the
 * process without a log line, and process 1 of a container would not receive it at all.
 * @returns sets the handler, which is called for the kept signals first.
 */
export function keepSignals(): (handle: (signal: HandledSignal) => void) => void {
  const kept = new Set<HandledSignal>()
  let receive = (signal: HandledSignal): void => {
    kept.add(signal)
  }
  for (const signal of HANDLED) process.on(signal, () => receive(signal))
  return (handle) => {
    receive = handle
    for (const signal of kept) handle(signal)
  }
}
