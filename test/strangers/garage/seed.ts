export type Role = 'customer' | 'mechanic' | 'manager'

export interface Person {
  email: string
  name: string
  number: string
  password: string
  role: Role
  credit: number
  /** Sent to the phone, four digits. */
  otp?: string
  /** Tries at it that version 3 has counted. */
  tries?: number
}

export interface Order {
  readonly id: number
  readonly user: string
  readonly product_id: number
  quantity: number
  status: string
}

export interface Report {
  readonly id: number
  readonly vin: string
  readonly problem: string
  readonly mechanic_code: string
}

export interface Vehicle {
  readonly uuid: string
  readonly vin: string
  readonly owner: string
}

export interface Video {
  readonly id: number
  readonly owner: string
  name: string
  conversion_params: string
}

export interface Post {
  readonly id: string
  readonly title: string
  readonly content: string
  readonly author: string
}

/** Everything that the garage keeps. */
export interface Garage {
  readonly people: Map<string, Person>
  readonly vehicles: Vehicle[]
  readonly reports: Report[]
  readonly orders: Order[]
  readonly products: { id: number; name: string; price: number; image_url: string }[]
  readonly coupons: { readonly code: string; readonly amount: number }[]
  videos: Video[]
  readonly posts: Post[]
}

const CORA = 'cora@mail.example'
const DAN = 'dan@mail.example'

/** The garage as it is when it opens. */
export function seed(): Garage {
  const people: Person[] = [
    {
      email: CORA,
      name: 'Cora',
      number: '555-0101',
      password: 'spark-Plug-1',
      role: 'customer',
      credit: 100,
    },
    {
      email: DAN,
      name: 'Dan',
      number: '555-0102',
      password: 'fan-Belt-22',
      role: 'customer',
      credit: 40,
    },
    {
      email: 'mike@garage.example',
      name: 'Mike',
      number: '555-0201',
      password: 'torque-77-Nm',
      role: 'mechanic',
      credit: 0,
    },
    {
      email: 'mona@garage.example',
      name: 'Mona',
      number: '555-0301',
      password: 'ledger-Ink-5',
      role: 'manager',
      credit: 0,
    },
  ]
  return {
    people: new Map(people.map((person) => [person.email, person])),
    vehicles: [
      { uuid: '7a1e1c52-3c1f-4b6e-9a52-0d5d4c1b0a11', vin: '1CORA000000000001', owner: CORA },
      { uuid: 'c94f0e2a-6b7d-4d0f-8b3a-5f6e7d8c9b22', vin: '2DAN0000000000002', owner: DAN },
    ],
    reports: [
      { id: 1, vin: '1CORA000000000001', problem: 'brakes squeal', mechanic_code: 'M1' },
      { id: 2, vin: '2DAN0000000000002', problem: 'smells of petrol', mechanic_code: 'M1' },
    ],
    orders: [
      { id: 1, user: CORA, product_id: 1, quantity: 1, status: 'delivered' },
      { id: 2, user: DAN, product_id: 2, quantity: 1, status: 'delivered' },
    ],
    products: [
      { id: 1, name: 'Seat', price: 10, image_url: 'images/seat.svg' },
      { id: 2, name: 'Wheel', price: 20, image_url: 'images/wheel.svg' },
    ],
    coupons: [{ code: 'SPRING10', amount: 10 }],
    videos: [
      { id: 1, owner: CORA, name: 'cora.mp4', conversion_params: '-v codec h264' },
      { id: 2, owner: DAN, name: 'dan.mp4', conversion_params: '-v codec h264' },
    ],
    posts: [{ id: 'p1', title: 'New tyres', content: 'They hold.', author: DAN }],
  }
}
