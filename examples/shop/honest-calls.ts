import type { ShopRequest } from './calls.ts'
import { SEED_PAYMENT_ID, SEED_USERS } from './seed.ts'

/** A call that the document promises an answer for. */
export interface HonestCall extends ShopRequest {
  readonly operationId: string
  /** The status that the document declares for it. */
  readonly status: number
}

const { alice } = SEED_USERS
const ADDRESS = { street: '2 Canal Street', city: 'Delft', postalCode: '2611 AB', country: 'NL' }
const CARD = {
  type: 'card',
  number: '4111111111111111',
  holder: 'Alice Archer',
  expiry: '09/29',
  cvc: '123',
}
const PNG = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 0])
const IMAGE_FORM = [
  '--shop-boundary',
  'Content-Disposition: form-data; name="image"; filename="kettle.png"',
  'Content-Type: image/png',
  '',
  '\u0089PNG\r\n\u001a\n',
  '--shop-boundary',
  'Content-Disposition: form-data; name="caption"',
  '',
  'The kettle',
  '--shop-boundary--',
  '',
].join('\r\n')

/**
 * At least one call per operation of `openapi.yaml`, in an order in which all of them work on a fresh
 * shop, and again on the same one.
 */
export const HONEST_CALLS: readonly HonestCall[] = [
  {
    operationId: 'login',
    method: 'POST',
    target: '/login',
    body: { email: alice.email, password: alice.password },
    status: 200,
  },
  {
    operationId: 'login',
    method: 'POST',
    target: '/login',
    body: { email: alice.email, password: 'mistyped-password' },
    status: 401,
  },
  {
    operationId: 'signUp',
    method: 'POST',
    target: '/users',
    headers: { 'Content-Type': 'application/json' },
    body: '{"name":"Dora","email":"dora-{nonce}@shop.example","password":"dora-draws-dots","phone":null}',
    status: 201,
  },
  { operationId: 'getMe', method: 'GET', target: '/users/me', as: 'alice', status: 200 },
  { operationId: 'getUser', method: 'GET', target: '/users/1', as: 'alice', status: 200 },
  { operationId: 'getUser', method: 'GET', target: '/users/777', as: 'alice', status: 404 },
  {
    operationId: 'updateUser',
    method: 'PATCH',
    target: '/users/1',
    as: 'alice',
    body: { name: 'Alice Archer', phone: '+31100000001', address: ADDRESS },
    status: 200,
  },
  {
    operationId: 'putAvatar',
    method: 'PUT',
    target: '/users/1/avatar',
    as: 'alice',
    headers: { 'Content-Type': 'image/png' },
    body: PNG,
    status: 204,
  },
  { operationId: 'getAvatar', method: 'GET', target: '/users/1/avatar', as: 'alice', status: 200 },
  { operationId: 'listProducts', method: 'GET', target: '/products', status: 200 },
  {
    operationId: 'listProducts',
    method: 'GET',
    target: '/products?q=Bread%20Knife&category=kitchen&limit=5&offset=0',
    status: 200,
  },
  { operationId: 'getProduct', method: 'GET', target: '/products/4', status: 200 },
  {
    operationId: 'addProductImage',
    method: 'POST',
    target: '/products/4/images',
    as: 'carol',
    headers: { 'Content-Type': 'multipart/form-data; boundary=shop-boundary' },
    body: new Uint8Array(Buffer.from(IMAGE_FORM, 'latin1')),
    status: 201,
  },
  {
    operationId: 'listProductsV0',
    method: 'GET',
    target: '/v0/products?name=Kettle',
    as: 'bob',
    status: 200,
  },
  { operationId: 'listOrders', method: 'GET', target: '/orders', as: 'alice', status: 200 },
  {
    operationId: 'listOrders',
    method: 'GET',
    target: '/orders?userId=1&status=open&limit=10',
    as: 'alice',
    status: 200,
  },
  {
    operationId: 'createOrder',
    method: 'POST',
    target: '/orders',
    as: 'alice',
    body: {
      items: [
        { productId: 4, quantity: 1 },
        { productId: 9, quantity: 3 },
      ],
      note: "Don't ring; leave it at the door, please.",
      shippingAddress: ADDRESS,
    },
    status: 201,
  },
  {
    operationId: 'exportOrders',
    method: 'GET',
    target: '/orders/export',
    as: 'alice',
    status: 200,
  },
  { operationId: 'getOrder', method: 'GET', target: '/orders/3', as: 'alice', status: 200 },
  { operationId: 'getOrder', method: 'GET', target: '/orders/777', as: 'alice', status: 404 },
  {
    operationId: 'updateOrder',
    method: 'PATCH',
    target: '/orders/3',
    as: 'alice',
    body: { note: null },
    status: 200,
  },
  {
    operationId: 'returnOrders',
    method: 'POST',
    target: '/returns',
    as: 'alice',
    body: {
      orderId: 3,
      parcel: { orderId: 3, orderIds: [3, 4] },
      lines: [{ orderId: 4, reason: 'too large' }],
    },
    status: 201,
  },
  {
    operationId: 'payOrder',
    method: 'POST',
    target: '/orders/3/payments',
    as: 'alice',
    body: { method: CARD, callbackUrl: 'https://client.example/paid' },
    status: 201,
  },
  {
    operationId: 'payOrder',
    method: 'POST',
    target: '/orders/4/payments',
    as: 'alice',
    body: { method: { type: 'transfer', iban: 'NL91ABNA0417164300' } },
    status: 201,
  },
  {
    operationId: 'getPayment',
    method: 'GET',
    target: `/payments/${SEED_PAYMENT_ID}`,
    as: 'alice',
    status: 200,
  },
  { operationId: 'deleteOrder', method: 'DELETE', target: '/orders/8', as: 'bob', status: 204 },
  {
    operationId: 'adminListUsers',
    method: 'GET',
    target: '/admin/users',
    as: 'carol',
    status: 200,
  },
  {
    operationId: 'adminDeleteUser',
    method: 'DELETE',
    target: '/admin/users/777',
    as: 'carol',
    status: 204,
  },
  {
    operationId: 'salesReport',
    method: 'GET',
    target: '/admin/reports/sales?from=2026-01-01&to=2026-01-31',
    as: 'carol',
    status: 200,
  },
  {
    operationId: 'streamEvents',
    method: 'GET',
    target: '/events?count=2',
    as: 'alice',
    status: 200,
  },
  {
    operationId: 'contact',
    method: 'POST',
    target: '/contact',
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    body: 'email=dora%40shop.example&subject=Thanks&message=It+came+in+two+days.&newsletter=true',
    status: 202,
  },
]
