// What GraphiQL opens with: four tabs that walk from reading products to following an order.

export const defaultHeaders = `// After signing in:
// { "Authorization": "Bearer <accessToken>" }
`;

export const defaultQuery = `# What a product card needs. No account necessary.
#
# Ctrl-Enter runs, Ctrl-Space completes, and the
# book on the left is the whole schema.

query Products {
  products(first: 5, filters: { inStock: true }) {
    totalCount
    edges {
      node {
        name
        priceRange {
          min {
            amount
            currency
          }
        }
        images {
          url
          alt
        }
        variants {
          id # what a cart line asks for
          name
          quantityAvailable
        }
      }
    }
    pageInfo {
      hasNextPage
      endCursor # pass it as "after" for the next page
    }
  }
}
`;

const signIn = `# Copy accessToken into the Headers below, as
#   { "Authorization": "Bearer <accessToken>" }
# It is valid for minutes; tokenRefresh gives
# the next one for the refreshToken.

mutation SignIn {
  tokenCreate(email: "customer@example.com", password: "demo-password") {
    accessToken
    refreshToken
    expiresAt
    user {
      fullName
      roles
    }
    userErrors {
      code
      message
    }
  }
}
`;

const checkout = `# 1. CreateCart: put the id of a variant (first
#    tab) into the Variables below.
# 2. Checkout: put the cart's id there, too.
#
# The same idempotencyKey on the same cart gives
# the same order: ask again when an answer is lost.
# Payment: tok_ok, tok_declined or tok_review.

mutation CreateCart($variantId: ID!) {
  cartCreate(input: { lines: [{ variantId: $variantId, quantity: 1 }] }) {
    cart {
      id
      total {
        amount
        currency
      }
    }
    userErrors {
      code
      message
      field
    }
  }
}

mutation Checkout($cartId: ID!, $idempotencyKey: String!) {
  checkoutComplete(
    cartId: $cartId
    idempotencyKey: $idempotencyKey
    input: {
      email: "you@example.com"
      shippingAddress: {
        fullName: "You"
        line1: "1 Market Street"
        city: "Berlin"
        postalCode: "10115"
        country: "DE"
      }
      payment: { token: "tok_ok" }
    }
  ) {
    order {
      id
      number
      status
      paymentStatus
      total {
        amount
        currency
      }
    }
    guestToken # for who is not signed in: it shows the order
    userErrors {
      code
      message
      field
      retryable
    }
  }
}
`;

const follow = `# What happened to one order, then what happens
# next, over a WebSocket. Ordered signed in, it needs
# the Authorization header, which travels in
# connectionParams; as a guest, the guestToken.
#
# After a lost connection, subscribe again after
# the last seq seen: nothing is lost or repeated.

subscription FollowOrder($orderId: ID!, $guestToken: String, $after: Int! = 0) {
  orderEvents(orderId: $orderId, guestToken: $guestToken, after: $after) {
    seq
    type
    message
    occurredAt
  }
}
`;

const json = (value) => JSON.stringify(value, null, 2);

export const defaultTabs = [
  { query: defaultQuery, headers: defaultHeaders },
  { query: signIn, headers: defaultHeaders },
  {
    query: checkout,
    variables: json({ variantId: "", cartId: "", idempotencyKey: "any-text-of-your-own" }),
    headers: defaultHeaders,
  },
  { query: follow, variables: json({ orderId: "", guestToken: null }), headers: defaultHeaders },
];
