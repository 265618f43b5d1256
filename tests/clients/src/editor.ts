// A concurrent writer: creates and changes customers while a reader scrolls through their list.
import assert from "node:assert/strict";
import type { GraphQLClient } from "graphql-request";

import {
  CreateCustomerDocument,
  CustomerDocument,
  InfiniteCustomersDocument,
  UpdateCustomerDocument,
  type CustomerStatus,
} from "../generated/graphql.js";

const STATUSES: readonly CustomerStatus[] = ["INACTIVE", "LEAD", "ACTIVE"];

export class Editor {
  /** Ids of the customers created so far, in order. */
  readonly created: string[] = [];
  /** Number of creations started: those in `created`, and at most one more in progress. */
  started = 0;
  /** The last status given to each changed customer, by number. */
  readonly changed = new Map<number, CustomerStatus>();

  constructor(private readonly client: GraphQLClient) {}

  /** Creates customers, and changes those around the reader's position, until the reader is done. */
  async work(reader: { at: number; isDone: boolean }): Promise<void> {
    for (let round = 0; !reader.isDone; round += 1) {
      await this.create(round);
      // A customer already read, the one that the reader's cursor names, and two that come next.
      for (const number of [reader.at + 7, reader.at, reader.at - 1, reader.at - 100]) {
        if (number >= 1) {
          await this.change(number, STATUSES[round % STATUSES.length] ?? "ACTIVE");
        }
      }
      await this.read();
    }
  }

  private async create(round: number): Promise<void> {
    this.started += 1;
    const input = { firstName: "New", lastName: `Lind ${round}`, status: "LEAD" as const };
    const { createCustomer } = await this.client.request(CreateCustomerDocument, { input });
    this.created.push(createCustomer.id);
  }

  private async change(number: number, status: CustomerStatus): Promise<void> {
    const id = `cust_${number}`;
    this.changed.set(number, status);
    const { updateCustomer } = await this.client.request(UpdateCustomerDocument, { id, input: { status } });
    assert.equal(updateCustomer.status, status);
    const { customer } = await this.client.request(CustomerDocument, { selector: { id } });
    assert.equal(customer?.status, status, `${id} does not have the status just written`);
  }

  private async read(): Promise<void> {
    const { infiniteCustomers } = await this.client.request(InfiniteCustomersDocument, { first: 20 });
    assert.equal(infiniteCustomers.edges[0]?.node.id, this.created.at(-1), "the newest customer is not first");
  }
}
