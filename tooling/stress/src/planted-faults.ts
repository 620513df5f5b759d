import Sqlite from "better-sqlite3"

const VARIABLE = "AGENTWRIT_PLANTED_FAULT"

/** Faults below the broker's own code, in what it calls of SQLite. They show that the scenarios can fail. */
const FAULTS = {
  "forgets launch tokens": () => {
    const { prepare } = Sqlite.prototype
    Sqlite.prototype.prepare = function (this: Sqlite.Database, sql: string) {
      const statement = prepare.call(this, sql)
      if (/^insert into "?launch_tokens/i.test(sql)) statement.run = () => ({ changes: 1, lastInsertRowid: 1 })
      return statement
    } as typeof prepare
  },
  "synchronous=NORMAL": () => {
    const { pragma } = Sqlite.prototype
    Sqlite.prototype.pragma = function (this: Sqlite.Database, source: string, options?: Sqlite.PragmaOptions) {
      if (source === "synchronous") return 2
      return pragma.call(this, source.replace(/^synchronous = FULL$/, "synchronous = NORMAL"), options)
    }
  },
} satisfies Record<string, () => void>

/** The environment of a broker with this fault. */
export const withFault = (name: keyof typeof FAULTS): Record<string, string> => ({
  [VARIABLE]: name,
  NODE_OPTIONS: `--import=${import.meta.url}`,
})

// `--import` loads this module into every thread of the broker.
const planted = process.env[VARIABLE]
if (planted !== undefined) FAULTS[planted as keyof typeof FAULTS]()
