// Documents of a Relay app for the funnels API. relay-compiler checks them against its schema.
import { graphql } from "relay-runtime";

export const list = graphql`
  query CustomersQuery($query: String!, $first: Int, $after: String) {
    ...Customers_list @arguments(query: $query, first: $first, after: $after)
    account {
      id
    }
  }
`;

export const page = graphql`
  fragment Customers_list on Query
  @argumentDefinitions(query: { type: "String!" }, first: { type: "Int", defaultValue: 25 }, after: { type: "String" })
  @refetchable(queryName: "CustomersPageQuery") {
    customers(query: $query, first: $first, after: $after) @connection(key: "Customers_customers") {
      edges {
        node {
          id
          ...Customers_customer
        }
      }
    }
  }
`;

export const customer = graphql`
  fragment Customers_customer on Customer @refetchable(queryName: "CustomersCustomerQuery") {
    full_name
    email
    avatar
    created_at(format: "YYYY-MM-DD")
    updated_at(suffix: false)
    expenses
    custom
    tags
    shipping_address {
      toString
    }
    orders(first: 5) {
      name
      total
      financial_status
      fulfillment_status
    }
    summary {
      orders {
        count
      }
    }
  }
`;

export const create = graphql`
  mutation CustomersCreateMutation($node: InputCustomer!) {
    createCustomer(node: $node) {
      ...Customers_customer
    }
  }
`;

export const update = graphql`
  mutation CustomersUpdateMutation($node: InputUpdateCustomer!, $id: ID!) {
    updateCustomer(node: $node, id: $id) {
      ...Customers_customer
    }
  }
`;

export const remove = graphql`
  mutation CustomersDeleteMutation($items: [ID!]!) {
    deleteCustomers(items: $items)
  }
`;
