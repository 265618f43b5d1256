// Texts for values: names, times, amounts.

const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const NUMBER = new Intl.NumberFormat();

export const count = (number) => NUMBER.format(number);
export const date = (text) => (text ? DATE.format(new Date(text)) : "");
export const moment = (text) => (text ? MOMENT.format(new Date(text)) : "");

/** Returns "1 customer" or "3 customers". */
export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** Returns an amount of money, such as $1,204.50. */
export function money(amount, currency = "USD") {
  if (amount === null || amount === undefined) return "";
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(amount);
  } catch {
    return `${NUMBER.format(amount)} ${currency}`;
  }
}

/** Returns the name under which a customer is listed: the person, else the company, else the email, else the id. */
export function nameOf(customer) {
  const person = [customer.firstName, customer.lastName].filter(Boolean).join(" ");
  return person || customer.companyName || customer.email || customer.id;
}

export const STATUS_TEXT = { ACTIVE: "Active", INACTIVE: "Inactive", LEAD: "Lead" };

/** Returns a number from an id such as cust_12. */
export const numberOf = (id) => Number(id.slice("cust_".length));
