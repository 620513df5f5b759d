import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A file system that is mounted until the end of the scope. */
export interface Disk extends Disposable {
  readonly path: string
}

/** An xfs file system that can lose power. */
export interface PowerlessDisk extends Disk {
  /** Drops what was not synced; nothing can be written until {@link remount}. */
  losePower(): void
  /** Mounts what is left. No process may hold a file of it. */
  remount(): void
}

/** Mounts an xfs file system from a file. */
export function xfsDisk(): PowerlessDisk {
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-power-"))
  const image = join(folder, "image")
  const path = join(folder, "mounted")
  writeFileSync(image, "")
  truncateSync(image, 320 * 1024 * 1024)
  run("mkfs.xfs", "-q", image)
  mkdirSync(path)
  run("mount", "-o", "loop", image, path)
  return {
    path,
    losePower: () => run("xfs_io", "-x", "-c", "shutdown", path),
    remount() {
      unmount(path)
      run("mount", "-o", "loop", image, path)
    },
    [Symbol.dispose]() {
      unmount(path)
      rmSync(folder, { recursive: true })
    },
  }
}

/** Mounts a file system in memory of this size. */
export function smallDisk(mebibytes: number): Disk {
  const path = mkdtempSync(join(tmpdir(), "agentwrit-small-"))
  run("mount", "-t", "tmpfs", "-o", `size=${mebibytes}m,mode=700`, "tmpfs", path)
  return {
    path,
    [Symbol.dispose]() {
      run("umount", "-l", path)
      rmSync(path, { recursive: true })
    },
  }
}

/** Why such a file system cannot be mounted here; `undefined` when it can. */
export function noDisk(make: () => Disk): string | undefined {
  try {
    make()[Symbol.dispose]()
    return undefined
  } catch (error) {
    return `cannot mount such a file system (${error instanceof Error ? error.message.split("\n")[0] : ""})`
  }
}

/** On a busy machine, the files of a killed process may stay open for a moment. */
function unmount(path: string): void {
  for (let tries = 1; ; tries++) {
    try {
      run("umount", path)
      return
    } catch (error) {
      if (tries === 50) throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
    }
  }
}

function run(program: string, ...words: string[]): void {
  execFileSync(program, words, { stdio: ["ignore", "ignore", "pipe"] })
}
