/** Somebody who may borrow. */
export interface Person {
  name: string
  password: string
  email: string
  admin: boolean
}

/** A book that somebody put on the shelf, with a note for its owner alone. */
export interface Book {
  readonly title: string
  readonly secret: string
  readonly owner: string
}

/** Everything that the library keeps. */
export interface Shelves {
  readonly people: Map<string, Person>
  readonly books: Book[]
}

/** The library as it is when it opens. */
export function seed(): Shelves {
  const people: Person[] = [
    { name: 'ada', password: 'rivets-9', email: 'ada@library.example', admin: false },
    { name: 'ben', password: 'summer31', email: 'ben@library.example', admin: false },
    { name: 'chief', password: 'brass-key-1', email: 'chief@library.example', admin: true },
  ]
  return {
    people: new Map(people.map((person) => [person.name, person])),
    books: [
      { title: 'tides', secret: 'ada: page 7', owner: 'ada' },
      { title: 'bridges', secret: 'ben: under the third arch', owner: 'ben' },
    ],
  }
}
