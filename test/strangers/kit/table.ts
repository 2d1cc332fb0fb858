import type { Ask, Got } from '../../kit/ask.ts'
import type { Check, World } from './world.ts'

/** What is sent besides method and target. */
export interface Say {
  /** Name of who logged in before. */
  readonly by?: string
  /** A credential of one's own making, in place of `by`. */
  readonly token?: string
  readonly json?: Readonly<Record<string, unknown>>
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** An answer, with its body as JSON; `undefined` where it is none. */
export interface Heard extends Omit<Got, 'json'> {
  // Tables look into answers as into wishes; what is not there fails the check.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any
}

/** What a row of a table plays with. */
export interface Play<State> {
  call(method: string, target: string, say?: Say): Promise<Heard>
  /** What the API keeps now, asked for beside any gateway. */
  state(): Promise<State>
}

/** What is gained, and whether it worked. */
export type Row<State> = readonly [gains: string, works: (play: Play<State>) => Promise<boolean>]

/** Path at which a stranger shows what it keeps; only tests know of it, no document does. */
export const STATE_PATH = '/_state'

/** Checks out of rows: named by what they gain. */
export function checksOf<State>(rows: readonly Row<State>[]): readonly Check[] {
  return rows.map(([gains, works]) => ({
    name: gains.replaceAll(/[^a-z]+/gi, '-').toLowerCase(),
    gains,
    works: (world) => works(playOf<State>(world)),
  }))
}

function playOf<State>(world: World): Play<State> {
  return {
    call: async (method, target, say = {}) => {
      const got = await world.ask(await askOf(world, { method, target }, say))
      return { ...got, json: parsed(got.text) }
    },
    state: async () =>
      (await (await fetch(`http://127.0.0.1:${world.apiPort}${STATE_PATH}`)).json()) as State,
  }
}

async function askOf(
  world: World,
  line: Ask,
  { by, token, json, body, headers }: Say,
): Promise<Ask> {
  const own = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const credential = by === undefined ? own : await world.as(by)
  const content = json ?? body
  return {
    ...line,
    headers: { ...credential, ...headers },
    ...(content === undefined ? {} : { body: content }),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
