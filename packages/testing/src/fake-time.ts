import type { Clock } from "@agentwrit/authority"
import { afterAll, vi } from "vitest"

/** The time of this process, which only the test advances. */
export interface FakeTime {
  /** The same time for a broker. Without it, a broker of `startTestBroker` uses the real time. */
  readonly clock: Clock
  /** Advances the time, and runs the timers that become due. */
  pass(milliseconds: number): Promise<void>
  /**
   * Advances the time in small steps until the condition holds. Between two steps, real time passes for the network.
   */
  passUntil(isReached: () => boolean | Promise<boolean>): Promise<void>
  /** Advances the time in small steps until the promise settles, and settles like it. */
  passUntilSettled<T>(promise: Promise<T>): Promise<T>
}

const FAKED = ["Date", "performance", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const

/** Milliseconds of fake time in one step, and of real time between two. */
const STEP_MS = 100
const PAUSE_MS = 5

const { setTimeout: realSetTimeout } = globalThis

/**
 * Stops the time of this process for a whole test file: clocks, timers, and `AbortSignal.timeout`. A test then never
 * waits, and does not depend on the speed of the machine.
 */
export function fakeTimeOfFile(): FakeTime {
  vi.useFakeTimers({ toFake: [...FAKED] })
  const timeout = vi.spyOn(AbortSignal, "timeout").mockImplementation((milliseconds) => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(new DOMException("The operation timed out", "TimeoutError")), milliseconds)
    return controller.signal
  })
  afterAll(() => {
    timeout.mockRestore()
    vi.useRealTimers()
  })
  const pass = async (milliseconds: number): Promise<void> => {
    await vi.advanceTimersByTimeAsync(milliseconds)
  }
  const passUntilSettled = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    for (;;) {
      await new Promise((resolve) => realSetTimeout(resolve, PAUSE_MS))
      if (settled) return promise
      await pass(STEP_MS)
    }
  }
  const passUntil = async (isReached: () => boolean | Promise<boolean>): Promise<void> => {
    for (;;) {
      // The condition may itself wait for time to pass.
      if (await passUntilSettled((async () => isReached())())) return
      await pass(STEP_MS)
    }
  }
  return {
    clock: { now: () => Date.now(), elapsed: () => performance.now() },
    pass,
    passUntil,
    passUntilSettled,
  }
}
