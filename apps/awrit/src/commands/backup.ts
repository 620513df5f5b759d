import type { Backup, BackupOptions } from "@agentwrit/store-sqlite"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"
import type { Output } from "../output.ts"
import { Progress } from "../progress.ts"
import { checkpointWords } from "../trail-verdict.ts"

/** `awrit backup` */
export const backup: Command = command({
  name: "backup",
  summary: "Copy and verify the broker's database while the broker runs",
  details: [
    "The copy is one file with the database at one instant. Its pages, schema and whole audit trail are verified before it gets its name, so a file with this name is a complete backup. It never replaces a file. Run it on the broker's machine, as the broker's user.",
    "The backup does not contain keys: copy signing.key and audit.key once to where you keep secrets. docs/backup.md shows how to restore.",
  ],
  args: {
    db: { type: "string", value: "DATABASE", description: "The broker's SQLite database, its AA_DB_PATH" },
    to: { type: "string", value: "FILE", description: "The new backup file; must not exist" },
  },
  examples: ["awrit backup --db /var/lib/agentwrit/data.db --to /backups/agentwrit-2026-11-25.db"],
  async run({ db, to }, { out }) {
    if (db === undefined) throw new UsageError("--db is missing: give the broker's database, its AA_DB_PATH")
    if (to === undefined) throw new UsageError("--to is missing: give a new file for the backup")
    const { bytes, checkpoint, events, path } = await interruptible({ from: db, to }, out)
    await out.document({ path, bytes, events, checkpoint_size: checkpoint?.size ?? null })
    await out.record([
      ["backup", path],
      ["bytes", String(bytes)],
      ["events", String(events)],
      [
        "verified",
        ["pages", "hash chain", ...(checkpoint ? [checkpointWords("its newest", checkpoint)] : [])].join(", "),
      ],
    ])
  },
})

/** Removes the incomplete copy on SIGINT and SIGTERM. A second signal ends the process at once. */
async function interruptible(options: BackupOptions, out: Output): Promise<Backup> {
  const { backUpDatabase } = await import("@agentwrit/store-sqlite")
  const interrupt = new AbortController()
  const onSignal = (): void => interrupt.abort()
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal)
  using pages = new Progress(out, "pages copied")
  using events = new Progress(out, "events verified")
  try {
    return await backUpDatabase({
      ...options,
      signal: interrupt.signal,
      onProgress: (step, done, total) => (step === "pages copied" ? pages : events).show(done, total),
    })
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal)
  }
}
