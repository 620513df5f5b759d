import type { Backup, BackupOptions } from "@agentwrit/store-sqlite"
import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { UsageError } from "../errors.ts"
import type { Output } from "../output.ts"
import { Progress } from "../progress.ts"
import { checkpointWords } from "../trail-verdict.ts"

/** `awrit backup` */
export const backup: Command = command({
  name: "backup",
  summary: "Copy the broker's database, verified, while the broker runs",
  details: [
    "The copy is the database as it was at one instant, in one file. Its pages, its schema and the whole audit trail are verified before it gets its name, so a file of that name is a whole backup. It never replaces a file. Run it on the broker's machine, as the broker's user.",
    "Keys are not in it: copy signing.key and audit.key once, to where you keep secrets. How to restore is in docs/backup.md.",
  ],
  args: {
    db: { type: "string", value: "DATABASE", description: "The broker's SQLite database, its AA_DB_PATH" },
    to: { type: "string", value: "FILE", description: "The backup's file, which must not exist" },
  },
  examples: ["awrit backup --db /var/lib/agentwrit/data.db --to /backups/agentwrit-2026-11-25.db"],
  async run({ db, to }, { out }) {
    if (db === undefined) throw new UsageError("--db is missing: give the broker's database, its AA_DB_PATH")
    if (to === undefined) throw new UsageError("--to is missing: give the backup's file, which must not exist")
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

/** Ctrl-C and a stop of the machine leave no half of a copy behind; a second one ends the process as ever. */
async function interruptible(options: BackupOptions, out: Output): Promise<Backup> {
  const { backUpDatabase } = await import("@agentwrit/store-sqlite")
  const interrupt = new AbortController()
  const onSignal = (): void => interrupt.abort()
  process.once("SIGINT", onSignal).once("SIGTERM", onSignal)
  const bars = {
    "pages copied": new Progress(out, "pages copied"),
    "events verified": new Progress(out, "events verified"),
  }
  try {
    return await backUpDatabase({
      ...options,
      signal: interrupt.signal,
      onProgress: (step, done, total) => bars[step].show(done, total),
    })
  } finally {
    for (const bar of Object.values(bars)) bar.end()
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal)
  }
}
