/** The result of one check. */
export interface Finding {
  readonly level: "ok" | "warning" | "problem"
  /** What was checked. */
  readonly about: string
  readonly found: string
  /** How to fix it. */
  readonly advice?: string
}

/** Nothing is wrong. */
export const ok = (about: string, found: string): Finding => ({ level: "ok", about, found })

/** It works, but should be fixed. */
export const warning = (about: string, found: string, advice: string): Finding => ({
  level: "warning",
  about,
  found,
  advice,
})

/** It does not work. */
export const problem = (about: string, found: string, advice: string): Finding => ({
  level: "problem",
  about,
  found,
  advice,
})
