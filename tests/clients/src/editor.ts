// Somebody who works on the customers while somebody else reads the list of them.
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
  /** The ids of the customers that it has created, in order. */
  readonly created: string[] = [];
  /** How many creations it has begun: those that are created, and perhaps one more. */
  begun = 0;
  /** The status that it last gave to each customer that it has changed. */
  readonly changed = new Map<number, CustomerStatus>();

  constructor(private readonly client: GraphQLClient) {}

  /** Works until it is told to stop, on the customers around the number that the reader has come to. */
  async work(reader: { at: number; isDone: boolean }): Promise<void> {
    for (let round = 0; !reader.isDone; round += 1) {
      await this.create(round);
      // One that was read, the one that the reader's cursor names, and those that come next.
      for (const number of [reader.at + 7, reader.at, reader.at - 1, reader.at - 100]) {
        if (number >= 1) {
          await this.change(number, STATUSES[round % STATUSES.length] ?? "ACTIVE");
        }
      }
      await this.read();
    }
  }

  private async create(round: number): Promise<void> {
    this.begun += 1;
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
    assert.equal(customer?.status, status, `${id} is not as it was just written`);
  }

  private async read(): Promise<void> {
    const { infiniteCustomers } = await this.client.request(InfiniteCustomersDocument, { first: 20 });
    assert.equal(infiniteCustomers.edges[0]?.node.id, this.created.at(-1), "the newest customer comes first");
  }
}
