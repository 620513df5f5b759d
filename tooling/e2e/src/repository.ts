import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

/** The repository's root. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url))

export const inRepository = (path: string): string => join(ROOT, path)

export const readText = (path: string): string => readFileSync(inRepository(path), "utf8")

/** The names of the files in a folder. */
export const filesIn = (folder: string): string[] => readdirSync(inRepository(folder))

/** The names of the broker's variables, from its source: of a secret its file's too. */
export const brokerVariables = (): string[] =>
  [...readText("apps/broker/src/config/variables.ts").matchAll(/name: "(AA_\w+)"(.*?)^ {2}\},/gms)].flatMap(
    ([, name = "", entry = ""]) => (entry.includes("secret: true") ? [name, `${name}_FILE`] : [name]),
  )

/** The code blocks of a language in a page, in order. */
export const blocksOf = (page: string, language: string): string[] =>
  [...readText(page).matchAll(new RegExp(`^ *\`\`\`${language}\\n([\\s\\S]*?)^ *\`\`\``, "gm"))].map(
    ([, text = ""]) => text,
  )
