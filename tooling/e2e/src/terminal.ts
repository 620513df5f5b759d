import { spawn } from "node:child_process"
import { once } from "node:events"
import { AWRIT } from "@agentwrit/testing/awrit"

/** Runs a program on a pseudo-terminal of a given width, and types an answer after each expected text. */
const PROGRAM = `
import fcntl, json, os, pty, re, select, signal, struct, sys, termios, time
columns, typed, command = int(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    os.execvp(command[0], command)
shown, since, end = b"", 0, time.time() + 240
while time.time() < end:
    if not select.select([terminal], [], [], 1)[0]: continue
    try: chunk = os.read(terminal, 65536)
    except OSError: break
    if not chunk: break
    shown += chunk
    if typed and typed[0][0].encode() in shown[since:]:
        since = len(shown)
        os.write(terminal, typed.pop(0)[1].encode())
else:
    os.kill(pid, signal.SIGKILL)
sys.stdout.buffer.write(shown)
sys.stdout.flush()
status = os.waitpid(pid, 0)[1]
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
`

/** What a program wrote to a terminal. */
export interface Shown {
  /** The exit code; 128 plus its number when a signal ended the program. */
  readonly code: number
  /** Everything, unchanged. */
  readonly raw: string
  /** The same without colours, cursor moves and carriage returns. */
  readonly text: string
}

/** How {@link onTerminal} runs. */
export interface TerminalOptions {
  readonly columns?: number
  readonly env?: Readonly<Record<string, string>>
  /** What to type after which text. */
  readonly typed?: readonly (readonly [shown: string, typed: string])[]
}

/** Runs `awrit` on a pseudo-terminal. Needs python3. */
export const onTerminal = (words: readonly string[], options: TerminalOptions = {}): Promise<Shown> =>
  programOnTerminal([process.execPath, AWRIT, ...words], options)

/** Runs a program on a pseudo-terminal. Needs python3. */
export async function programOnTerminal(command: readonly string[], options: TerminalOptions): Promise<Shown> {
  const { columns = 80, env = {}, typed = [] } = options
  const { PATH = "" } = process.env
  const child = spawn("python3", ["-c", PROGRAM, String(columns), JSON.stringify(typed), ...command], {
    env: { PATH, HOME: "/nonexistent", TERM: "xterm-256color", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  })
  let raw = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (raw += text))
  const [code] = await once(child, "close")
  return { code, raw, text: plain(raw) }
}

const ESCAPE = String.fromCharCode(27)
const CONTROL = new RegExp(`${ESCAPE}\\[[0-9;?]*[A-Za-z]|\\r`, "g")

const plain = (raw: string): string => raw.replaceAll(CONTROL, "")
