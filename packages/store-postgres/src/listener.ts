import { randomUUID } from "node:crypto"
import { type Connection, connect, type Session } from "./database.ts"
import { sql } from "./sql.ts"

/** How often the log is read where no notification arrives. */
const POLLING_INTERVAL_MS = 100

/** How long a notification of our own may take before the operator is told that none arrives. */
const PROBE_TIMEOUT_MS = 2000

export interface ListenerOptions {
  readonly url: string
  readonly session: Session
  readonly channel: string
  /** Something may be new. */
  readonly onWake: () => void
  /** Called once when notifications do not arrive, as through PgBouncer in transaction mode. */
  readonly onPolling: () => void
}

/**
 * Wakes at each revocation of another broker, by LISTEN on a connection of its own. Until a notification of our own has
 * arrived, and while the connection is away, it wakes every 100 ms.
 */
export class Listener {
  readonly #options: ListenerOptions
  #connection: Connection | undefined
  #isHeard = false
  #isConnecting = false
  #saidPolling = false
  #probed = 0
  readonly #polling: NodeJS.Timeout

  constructor(options: ListenerOptions) {
    this.#options = options
    this.#polling = setInterval(() => this.#poll(), POLLING_INTERVAL_MS).unref()
    void this.#listen()
  }

  async close(): Promise<void> {
    clearInterval(this.#polling)
    await this.#connection?.close()
  }

  #poll(): void {
    if (this.#connection === undefined) void this.#listen()
    if (this.#isHeard) return
    this.#options.onWake()
    if (this.#connection === undefined || this.#saidPolling || performance.now() - this.#probed < PROBE_TIMEOUT_MS)
      return
    this.#saidPolling = true
    this.#options.onPolling()
  }

  async #listen(): Promise<void> {
    if (this.#isConnecting) return
    this.#isConnecting = true
    const { url, session, channel, onWake } = this.#options
    try {
      const connection = await connect(url)
      const probe = randomUUID()
      connection.onLost(() => {
        this.#isHeard = false
        this.#connection = undefined
      })
      connection.onNotification((payload) => {
        if (payload === probe) this.#isHeard = true
        // What was committed before the connection stood is read now.
        if (payload === "" || payload === probe) onWake()
      })
      await connection.command(`listen ${channel}`)
      this.#probed = performance.now()
      this.#connection = connection
      await session.run(sql`select pg_notify(${channel}, ${probe})`)
    } catch {
      // The next turn of the polling tries again.
    } finally {
      this.#isConnecting = false
    }
  }
}
