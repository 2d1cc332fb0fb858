/** A guest or one of the staff. */
export interface User {
  readonly id: number
  username: string
  password: string
  role: string
  first_name: string | null
  phone_number: string
  /** Sent to the phone; four digits. */
  code?: string
  readonly referral_code: string
}

/** A dish of the menu. */
export interface Item {
  readonly id: number
  readonly name: string
  readonly price: number
  readonly category: string
  readonly description: string | null
  readonly image_base64: string | null
}

/** An order; its owner is a number that no token carries. */
export interface Order {
  readonly id: number
  readonly user_id: number
  readonly items: readonly Line[]
  readonly status: string
  readonly delivery_address: string
  readonly phone_number: string
  readonly final_price: number
}

/** So many of a dish. */
export interface Line {
  readonly menu_item_id: number
  readonly quantity: number
}

/** Once 20 % for somebody. */
export interface Coupon {
  readonly id: number
  readonly user_id: number
  readonly discount_percentage: number
  used: boolean
}

/** Everything that the bistro keeps; tests are shown it as it is. */
export interface Kept {
  readonly users: User[]
  menu: Item[]
  readonly orders: Order[]
  readonly coupons: Coupon[]
  readonly ratings: object[]
  /** Commands that a real program would have run. */
  readonly ran: string[]
  /** Addresses that a real program would have asked. */
  readonly fetched: string[]
}

/** The bistro as it is when it opens. */
export function seed(): Kept {
  const user = (id: number, username: string, role: string): User => ({
    id,
    username,
    password: `${username}-pass`,
    role,
    first_name: null,
    phone_number: `10${id}`,
    referral_code: `${username.toUpperCase()}0000`.slice(0, 6).padEnd(8, '1'),
  })
  const order = (id: number, user_id: number, street: string): Order => ({
    id,
    user_id,
    items: [{ menu_item_id: 1, quantity: 1 }],
    status: 'Pending',
    delivery_address: street,
    phone_number: `10${user_id}`,
    final_price: 5,
  })
  const dish = (id: number, name: string, price: number): Item => ({
    id,
    name,
    price,
    category: 'Main',
    description: null,
    image_base64: null,
  })
  return {
    users: [
      user(1, 'chef', 'Chef'),
      user(2, 'eddy', 'Employee'),
      user(3, 'ann', 'Customer'),
      user(4, 'bob', 'Customer'),
    ],
    menu: [dish(1, 'Soup', 5), dish(2, 'Steak', 20)],
    orders: [order(1, 3, 'Ann street'), order(2, 4, 'Bob street')],
    coupons: [
      { id: 1, user_id: 3, discount_percentage: 20, used: false },
      { id: 2, user_id: 4, discount_percentage: 20, used: false },
    ],
    ratings: [],
    ran: [],
    fetched: [],
  }
}
