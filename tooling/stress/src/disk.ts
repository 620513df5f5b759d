import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/**
 * Mounts an xfs file system from a file until the end of the scope. `losePower` drops what was not synced; then it must
 * be remounted.
 */
export function xfsDisk() {
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

/** Mounts a file system in memory of this size until the end of the scope. */
export function smallDisk(mebibytes: number) {
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
export function noDisk(make: () => Disposable): string | undefined {
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
