import type { Database } from "./database.ts"
import { sql } from "./sql.ts"

/** Private keys in the database, as bytes that their owner has sealed: nobody can read a key here. */
export interface KeyTable {
  get(name: string): Promise<Uint8Array | undefined>
  /** Stores the bytes in place of those that are there. They are on disk when it resolves. */
  put(name: string, sealed: Uint8Array): Promise<void>
  /**
   * Stores the bytes unless there are some. Of several brokers that make a key at the same time one wins.
   * @returns what is stored then.
   */
  putFirst(name: string, sealed: Uint8Array): Promise<Uint8Array>
  delete(name: string): Promise<void>
}

interface KeyRow {
  readonly sealed: Uint8Array
}

export function keyTable(database: Database): KeyTable {
  const get = async (name: string): Promise<Uint8Array | undefined> => {
    const row = await database.get(sql<KeyRow>`select sealed from private_keys where name = ${name}`)
    return row && new Uint8Array(row.sealed)
  }
  return {
    get,

    async put(name, sealed) {
      await database.run(sql`
        insert into private_keys (name, sealed) values (${name}, ${sealed})
        on conflict (name) do update set sealed = excluded.sealed`)
    },

    async putFirst(name, sealed) {
      const row = await database.get(sql<KeyRow>`
        insert into private_keys (name, sealed) values (${name}, ${sealed})
        on conflict (name) do update set sealed = private_keys.sealed returning sealed`)
      return row === undefined ? sealed : new Uint8Array(row.sealed)
    },

    async delete(name) {
      await database.run(sql`delete from private_keys where name = ${name}`)
    },
  }
}
