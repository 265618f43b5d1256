// Example documents of both GraphQL APIs. Those that change data say so in their name and in their first line.

const RESTORE = "“Reset the demo” in the console restores it.";

const change = (text) => `# This changes data: ${text} ${RESTORE}\n`;

/** The examples of each API. `changes` says what an example changes. */
export const SAMPLES = {
  pool: [
    { name: "List customers", document: `query Customers($first: Int!, $filter: CustomerFilter) {
  infiniteCustomers(first: $first, filter: $filter) {
    edges { node { id firstName lastName companyName email status city tags { name } } cursor }
    pageInfo { hasNextPage endCursor }
    totalCount
  }
}`, variables: { first: 20, filter: { status: "ACTIVE" } } },
    { name: "Search customers", document: `query Search($search: String) {
  infiniteCustomers(first: 10, search: $search) {
    edges { node { id firstName lastName phone } }
    totalCount
  }
}`, variables: { search: "okafor" } },
    { name: "One customer", document: `query Customer($selector: CustomerSelector!) {
  customer(selector: $selector) {
    id firstName lastName companyName email phone mobilePhone
    street city state zipCode status notes quickbooksId createdAt updatedAt
    tags { id name color }
  }
}`, variables: { selector: { id: "cust_1" } } },
    { name: "Pages by number", document: `query Pages($page: Int, $filter: CustomerFilter) {
  paginatedCustomers(page: $page, limit: 10, filter: $filter) {
    data { id lastName companyName city }
    pagination { total page limit totalPages }
  }
}`, variables: { page: 1, filter: { city: "Seattle" } } },
    { name: "Tags", document: "query Tags {\n  tags { id name color }\n}", variables: {} },
    { name: "Create a customer", changes: "one customer is added.", document: `mutation Create($input: CreateCustomerInput!) {
  createCustomer(input: $input) { id firstName lastName email status createdAt }
}`, variables: { input: { firstName: "Jane", lastName: "Doe", email: "jane@example.com", phone: "512-555-0100", city: "Austin", state: "TX", zipCode: "78702" } } },
    { name: "Change a customer", changes: "the notes of cust_1 are replaced.", document: `mutation Update($id: ID!, $input: UpdateCustomerInput!) {
  updateCustomer(id: $id, input: $input) { id firstName lastName notes updatedAt }
}`, variables: { id: "cust_1", input: { notes: "Prefers email." } } },
    { name: "Change many customers", changes: "the status of cust_1, cust_2 and cust_3 becomes INACTIVE.", document: `mutation Bulk($input: BulkUpdateCustomersInput!) {
  bulkUpdateCustomers(input: $input) { success updatedCount errors { id message } }
}`, variables: { input: { ids: ["cust_1", "cust_2", "cust_3"], update: { status: "INACTIVE" } } } },
    { name: "An error of a field", document: `# The email is not valid, so nothing is written.
mutation Refused($id: ID!, $input: UpdateCustomerInput!) {
  updateCustomer(id: $id, input: $input) { id }
}`, variables: { id: "cust_1", input: { email: "x" } }, fails: true },
  ],
  funnels: [
    { name: "List customers", document: `query Customers($query: String!, $first: Int) {
  customers(query: $query, first: $first) {
    edges { node { id _id full_name email location expenses orders_count tags created_at } cursor }
    pageInfo { hasNextPage endCursor }
  }
}`, variables: { query: "order_by:last_name order_dir:asc", first: 20 } },
    { name: "One customer", document: `query Customer($id: ID!) {
  node(id: $id) {
    ... on Customer {
      id full_name phone notes custom
      created_at(format: "YYYY-MM-DD HH:mm")
      shipping_address { toString }
      orders(first: 5) { name date total financial_status }
    }
  }
}`, variables: { id: 1 } },
    { name: "Create a customer", changes: "one customer is added.", document: `mutation Create($node: InputCustomer!) {
  createCustomer(node: $node) { id full_name avatar }
}`, variables: { node: { email: "jane@example.com", phone: "512-555-0100", first_name: "Jane", last_name: "Doe", accepts_marketing: true, tags: ["newsletter"] } } },
    { name: "Change a customer", changes: "the notes of the customer 1 are replaced.", document: `mutation Update($id: ID!, $node: InputUpdateCustomer!) {
  updateCustomer(id: $id, node: $node) { id notes updated_at }
}`, variables: { id: 1, node: { notes: "Prefers email." } } },
    { name: "An error of a field", document: `# The email is not valid, so nothing is written.
mutation Refused($id: ID!, $node: InputUpdateCustomer!) {
  updateCustomer(id: $id, node: $node) { id }
}`, variables: { id: 1, node: { email: "x" } }, fails: true },
  ],
};

for (const sample of Object.values(SAMPLES).flat()) {
  if (sample.changes) sample.document = change(sample.changes) + sample.document;
}

/** Returns the name of an example, with what it changes. */
export const titleOf = ({ name, changes }) => (changes ? `${name} (changes data)` : name);
