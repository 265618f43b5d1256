// GraphQL clients, set up as their users do, for the stack that infra/scripts/graphql-clients started.
import { ApolloClient, HttpLink, InMemoryCache } from "@apollo/client";
import { cacheSizes, relayStylePagination } from "@apollo/client/utilities";
import { GraphQLClient } from "graphql-request";

import { setting } from "./settings.js";

export const endpoint = `${setting("CLIENTELE_URL")}/graphql`;

/** API key of the demo tenant, which has 60 customers. */
export const demoKey = setting("CLIENTELE_KEY");

/** One HTTP request and its response. */
export type Exchange = { method: string; url: string; status: number; contentType: string | null };

/** Returns a `fetch` that records its exchanges. */
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

// By default, Apollo caches the results for 50,000 objects. The list that the scroll builds up contains more, and
// evicting them in turn makes each page take seconds.
cacheSizes["inMemoryCache.executeSelectionSet"] = 1_000_000;

/** Returns an Apollo cache with the policy that Apollo's guide recommends for cursor-based lists. */
export function pagedCache(): InMemoryCache {
  const infiniteCustomers = relayStylePagination(["filter", "search"]);
  return new InMemoryCache({ typePolicies: { Query: { fields: { infiniteCustomers } } } });
}

/** Returns an Apollo Client with such a cache. */
export function apollo(key: string, options: HttpLink.Options = {}): ApolloClient {
  const link = new HttpLink({ uri: endpoint, headers: { Authorization: `Bearer ${key}` }, ...options });
  return new ApolloClient({ cache: pagedCache(), link });
}

/** Returns a client of graphql-request. */
export function requester(key: string): GraphQLClient {
  return new GraphQLClient(endpoint, { headers: { "X-API-Key": key } });
}
