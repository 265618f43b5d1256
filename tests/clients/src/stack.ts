// The clients as their users set them up, against the stack that infra/scripts/graphql-clients started.
import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { cacheSizes, relayStylePagination } from "@apollo/client/utilities";
import { GraphQLClient } from "graphql-request";

import { setting } from "./settings.js";

export const endpoint = `${setting("CLIENTELE_URL")}/graphql`;

/** The key of the demo tenant, which has some dozen customers. */
export const demoKey = setting("CLIENTELE_KEY");

/** What was asked over HTTP: method and content type of each exchange. */
export type Exchange = { method: string; url: string; status: number; contentType: string | null };

/** A fetch that keeps a record of what it did. */
export function recorded(): { fetch: typeof fetch; exchanges: Exchange[] } {
  const exchanges: Exchange[] = [];
  const recording: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    exchanges.push({
      method: init?.method ?? "GET",
      url: response.url,
      status: response.status,
      contentType: response.headers.get("content-type"),
    });
    return response;
  };
  return { fetch: recording, exchanges };
}

// Apollo remembers what it read of 50,000 objects; a list of some ten thousand customers has more, and to forget them
// in turn makes each page cost seconds.
cacheSizes["inMemoryCache.executeSelectionSet"] = 1_000_000;

/** Apollo's cache with the policy that its guide gives for lists by cursor. */
export function pagedCache(): InMemoryCache {
  const infiniteCustomers = relayStylePagination(["filter", "search"]);
  return new InMemoryCache({ typePolicies: { Query: { fields: { infiniteCustomers } } } });
}

/** Apollo Client with that cache. */
export function apollo(key: string, options: HttpLink.Options = {}): ApolloClient {
  const link = new HttpLink({ uri: endpoint, headers: { Authorization: `Bearer ${key}` }, ...options });
  return new ApolloClient({ cache: pagedCache(), link });
}

/** graphql-request. */
export function requester(key: string): GraphQLClient {
  return new GraphQLClient(endpoint, { headers: { "X-API-Key": key } });
}
