/** Somebody with an account; passwords stand as they were typed. */
export interface User {
  readonly username: string
  password: string
  admin: boolean
  bio: string
}

/** A note; everybody may find the public ones. */
export interface Note {
  readonly _id: string
  name: string
  body: string
  type: string
  user: string
}

/** A row of the vault, written by a query that is put together from texts. */
export interface Passphrase {
  readonly username: string
  readonly passphrase: string
  readonly reminder: string
}

/** What the API shows of itself to tests. */
export interface Kept {
  readonly users: readonly User[]
  readonly notes: readonly Note[]
  readonly passphrases: readonly Passphrase[]
  readonly files: readonly string[]
  /** Commands and functions that a real program would have run. */
  readonly ran: readonly string[]
}

/** Everything that the notebook keeps. */
export interface Shelf {
  readonly users: Map<string, User>
  notes: Note[]
  readonly passphrases: Passphrase[]
  /** A made-up disk: path to content. */
  readonly files: Map<string, string>
  readonly ran: string[]
}

/** The notebook as it is when it starts. */
export function seed(): Shelf {
  const user = (username: string, password: string, admin: boolean): [string, User] => [
    username,
    { username, password, admin, bio: `I am ${username}` },
  ]
  const note = (
    _id: string,
    [name, body, type, owner]: readonly [string, string, string, string],
  ) => ({
    _id: `5f000000000000000000${_id}`,
    name,
    body,
    type,
    user: owner,
  })
  return {
    users: new Map([
      user('ann', 'ann-pass-1', false),
      user('bob', 'bob-pass-1', false),
      user('root', 'letmein', true),
    ]),
    notes: [
      note('00a1', ['shopping', 'milk', 'secret', 'ann']),
      note('00a2', ['greeting', 'hello', 'public', 'ann']),
      note('00b1', ['diary', 'bobs secret', 'secret', 'bob']),
    ],
    passphrases: [
      { username: 'ann', passphrase: 'horse battery', reminder: 'animal' },
      { username: 'bob', passphrase: 'bobs staple', reminder: 'office' },
    ],
    files: new Map([
      ['/etc/passwd', 'root:x:0:0:root:/root:/bin/bash'],
      ['/srv/notebook/.env', 'JWT_SECRET=access'],
      ['/srv/notebook/uploads/ann/list.xml', '<list/>'],
    ]),
    ran: [],
  }
}
