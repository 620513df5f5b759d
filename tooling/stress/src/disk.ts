import { execFileSync } from "node:child_process"
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

/** A file system of our own, mounted for as long as the scope lasts. */
export interface Disk extends Disposable {
  readonly path: string
}

/** An xfs file system that loses power. */
export interface PowerlessDisk extends Disk {
  /** What was not synced is gone; nothing can be written until {@link mount}. */
  losePower(): void
  /** Unmounts, and mounts what is left. Every process must have let go of it. */
  remount(): void
}

/** Makes one in a file of its own behind a loop device. */
export function xfsDisk(): PowerlessDisk {
  const folder = mkdtempSync(join(tmpdir(), "agentwrit-power-"))
  const image = join(folder, "image")
  const path = join(folder, "mounted")
  writeFileSync(image, "")
  truncateSync(image, 320 * 1024 * 1024)
  run("mkfs.xfs", "-q", image)
  run("mkdir", path)
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

/** A file system in memory of so many MiB. */
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

/** Why no disk of our own can be had here; `undefined` when one can. */
export function noDisk(make: () => Disk): string | undefined {
  try {
    make()[Symbol.dispose]()
    return undefined
  } catch (error) {
    return `no such file system can be mounted here (${error instanceof Error ? error.message.split("\n")[0] : ""})`
  }
}

/** What a killed process held is let go of a little later on a busy machine. */
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
