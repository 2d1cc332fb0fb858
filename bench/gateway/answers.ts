/** About 290 bytes, everything declared. */
export const ITEM: string = JSON.stringify({
  id: 7,
  name: 'A plain item with a name of the usual length',
  status: 'active',
  price: 12.5,
  currency: 'EUR',
  tags: ['blue', 'small', 'sale'],
  owner: { id: 42, name: 'Some owner of items' },
  updatedAt: '2026-11-22T03:00:00Z',
})

/** About 10 KB; each row has a field nobody declared, which the gateway takes out. */
export const REPORT: string = JSON.stringify({
  rows: Array.from({ length: 62 }, (_, index) => ({
    id: index + 1,
    name: `Row number ${index + 1} of the report`,
    amount: index * 10.25,
    at: '2026-11-22T03:00:00Z',
    state: 'settled',
    owner: `owner-${index % 7}`,
    internalNote: 'not for everybody',
  })),
})

/** About 490 bytes, 23 values. */
export const NEW_ITEM: string = JSON.stringify({
  name: 'A new item',
  sku: 'SKU-000-111',
  status: 'active',
  price: 19.95,
  currency: 'EUR',
  quantity: 12,
  tags: ['new', 'blue'],
  email: 'someone@example.com',
  phone: '+31 10 1234567',
  birthday: '1990-01-31',
  createdAt: '2026-11-22T03:00:00Z',
  reference: '0b1e9c9e-5d0b-4d0f-9d59-5f4e5a0c1d2e',
  note: 'please pack it well and ring the bell twice, thank you very much',
  isGift: false,
  weight: 1.25,
  color: 'blue',
  size: 'M',
  address: { street: '1 Harbor Road', city: 'Rotterdam', zip: '3011 AA', country: 'NL' },
})
