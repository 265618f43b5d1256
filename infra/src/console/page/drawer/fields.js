// The fields of a customer: where each is read, and which API changes it. Each API has the rules of its own fields.

import { graphql, rest, send } from "../shared/api.js";

const UPDATE = `mutation Update($id: ID!, $input: UpdateCustomerInput!) {
  updateCustomer(id: $id, input: $input) { id updatedAt }
}`;

const UPDATE_FUNNELS = `mutation Update($id: ID!, $node: InputUpdateCustomer!) {
  updateCustomer(id: $id, node: $node) { id }
}`;

const pool = (name, title, more) => ({ api: "pool", name, title, read: ({ pool: record }) => record[name], ...more });
const trades = (name, title, more) =>
  ({ api: "trades", name, title, read: ({ trades: record }) => record?.[name], ...more });
const erp = (name, title, more) => ({ api: "erp", name, title, read: ({ erp: record }) => record?.[name], ...more });
const funnels = (name, title, more) =>
  ({ api: "funnels", name, title, read: ({ funnels: record }) => at(record, name), ...more });

const STATUS = [["ACTIVE", "Active"], ["INACTIVE", "Inactive"], ["LEAD", "Lead"]];
const TYPE = [["Residential", "Residential"], ["Commercial", "Commercial"]];
const NOTIFY = [["", "–"], ["email", "Email"], ["sms", "SMS"], ["both", "Both"]];

/** All groups of fields, in the order of the drawer. */
export const GROUPS = [
  { title: "Name", fields: [pool("firstName", "First name"), pool("lastName", "Last name"), pool("companyName", "Company")] },
  { title: "Contact", fields: [pool("email", "Email"), pool("phone", "Phone"), pool("mobilePhone", "Mobile phone"),
    erp("fax", "Fax"), erp("website", "Website"), trades("on_my_way_notify_via", "Notify on the way by", { choices: NOTIFY }),
    funnels("accepts_marketing", "Accepts marketing", { kind: "flag" })] },
  { title: "Standing", fields: [pool("status", "Status", { choices: STATUS }), trades("customer_type", "Type", { choices: TYPE }),
    trades("is_vip", "VIP", { kind: "flag" })] },
  { title: "Physical address", fields: [pool("street", "Street"), trades("physical_address2", "Second line"), pool("city", "City"),
    pool("state", "State"), pool("zipCode", "Postal code"), funnels("shipping_address.area", "Area"),
    funnels("shipping_address.country", "Country")] },
  { title: "Billing address", fields: [trades("billing_address1", "Street"), trades("billing_address2", "Second line"),
    trades("billing_city", "City"), trades("billing_state", "State"), trades("billing_zip", "Postal code"),
    funnels("billing_address.area", "Area"), funnels("billing_address.country", "Country")] },
  { title: "Terms", fields: [erp("payment_terms", "Payment terms"), erp("currency", "Currency"),
    erp("credit_limit", "Credit limit", { kind: "number" }), erp("discount_rate", "Discount rate, %", { kind: "number" }),
    erp("tax_id", "Tax id"), erp("preferred_shipping", "Preferred shipping")] },
  { title: "Other", fields: [pool("notes", "Notes", { kind: "long" }), pool("quickbooksId", "QuickBooks id"),
    trades("primary_service_location_uuid", "Service location"), trades("internal_flags", "Internal flags", { kind: "json" }),
    funnels("custom", "Custom fields", { kind: "json" })] },
];

function at(record, path) {
  return path.split(".").reduce((value, name) => value?.[name], record) ?? undefined;
}

/** Returns the value as the person sees it. */
export function textOf(field, value) {
  if (field.kind === "flag") return value ? "Yes" : "No";
  if (value === null || value === undefined || value === "") return "";
  if (field.choices) return field.choices.find(([choice]) => choice === value)?.[1] ?? String(value);
  return field.kind === "json" ? JSON.stringify(value) : String(value);
}

/** Returns the value that a typed text stands for. Throws if the text cannot be one. */
export function valueOf(field, text) {
  if (field.kind !== "json") return text === "" ? null : text;
  if (text.trim() === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("must be a JSON object, such as {\"gate\": \"4711\"}");
  }
}

/** Returns the call that changes one field. `uuid` names the customer in trades. */
export function changeOf(field, id, uuid, value) {
  const { api, name } = field;
  if (api === "pool") return graphql("pool", UPDATE, { id, input: { [name]: value } });
  if (api === "trades") return rest("PUT", `/api/v1/customers/${uuid}`, { [name]: value });
  if (api === "erp") return rest("PUT", `/api/customers/${id}`, { [name]: value });
  const [object, inner] = name.split(".");
  const node = inner ? { [object]: { [inner]: value } } : { [object]: value };
  return graphql("funnels", UPDATE_FUNNELS, { id: String(id.slice("cust_".length)), node });
}

/** Changes one field. An error of the API has its text for the field, if it is about this field. */
export async function change(field, id, uuid, value) {
  const call = changeOf(field, id, uuid, value);
  try {
    await send(call);
  } catch (error) {
    error.message = error.fields?.[field.name] ?? error.message;
    throw error;
  }
  return call;
}
