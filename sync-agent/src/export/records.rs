//! Records as rows of cells.

use clientele_shared::csv::cell::Cell;
use clientele_shared::csv::customer_row::{CustomerRow, TagNames};
use clientele_shared::model::{
    Contact, Customer, CustomerNumber, Money, Order, OrderLine, Payment, PriceEntry, PriceOwner, Timestamp,
};
use clientele_shared::store::VersionedOrder;

use super::layout::Layout;

/// Records that were read together.
#[derive(Debug)]
pub(super) enum Records {
    Customers(Vec<Customer>),
    /// Customers, for their contacts.
    Contacts(Vec<Customer>),
    /// Orders of one customer.
    Orders(CustomerNumber, Vec<VersionedOrder>),
    /// Prices of one owner; the number is that of the customer whose own prices they are.
    Prices(Option<CustomerNumber>, Vec<PriceEntry>),
    /// Records that are gone, or no longer belong to the export.
    Deleted(Vec<Deleted>),
}

/// A record that is gone, or no longer belongs to the export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deleted {
    /// The cells that identify it, by column.
    pub(super) identity: Vec<(&'static str, String)>,
    pub(super) at: Timestamp,
}

/// A receiver of rows.
pub(super) type EachRow<'a, E> = &'a mut dyn FnMut(Vec<Cell<'_>>) -> Result<(), E>;

impl Records {
    /// Returns how many records these are; of contacts, the number of customers.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Customers(customers) | Self::Contacts(customers) => customers.len(),
            Self::Orders(_, orders) => orders.len(),
            Self::Prices(_, prices) => prices.len(),
            Self::Deleted(deleted) => deleted.len(),
        }
    }

    /// Calls `each` with the cells of each row, in the order of the layout's columns. Returns the number of rows.
    pub(super) fn rows<E>(&self, layout: &Layout, tags: &TagNames, each: EachRow<'_, E>) -> Result<Rows, E> {
        let mut count = 0;
        let mut each = |mut cells: Vec<Cell<'_>>| {
            count += 1;
            if layout.is_incremental && cells.len() < layout.columns.len() {
                cells.push(Cell::Empty);
            }
            each(cells)
        };
        match self {
            Self::Customers(customers) => customers.iter().try_for_each(|customer| {
                let row = CustomerRow { customer, tags };
                each(layout.customers.iter().map(|column| column.cell(row)).collect())
            }),
            Self::Contacts(customers) => customers.iter().try_for_each(|customer| {
                customer.fields.contacts.iter().try_for_each(|contact| each(contact_cells(customer, contact)))
            }),
            Self::Orders(customer, orders) => orders.iter().try_for_each(|stored| {
                let lines = stored.lines.iter().map(Some);
                let none = stored.lines.is_empty().then_some(None);
                lines.chain(none).try_for_each(|line| each(order_cells(*customer, &stored.order, line)))
            }),
            Self::Prices(customer, prices) => {
                prices.iter().try_for_each(|price| each(price_cells(*customer, price)))
            }
            Self::Deleted(deleted) => {
                deleted.iter().try_for_each(|deleted| each(deleted_cells(layout, deleted)))
            }
        }?;
        let deleted = if matches!(self, Self::Deleted(_)) { count } else { 0 };
        Ok(Rows { count, deleted })
    }
}

/// How many rows records have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) count: u64,
    /// How many of them are deletions.
    pub(super) deleted: u64,
}

fn contact_cells<'a>(customer: &'a Customer, contact: &'a Contact) -> Vec<Cell<'a>> {
    vec![
        customer.number.to_customer_id().into(),
        (&customer.fields.email).into(),
        contact.id.as_str().into(),
        contact.name.as_str().into(),
        (&contact.title).into(),
        (&contact.email).into(),
        (&contact.phone).into(),
        Cell::Boolean(contact.is_primary),
        contact.created_at.into(),
        contact.updated_at.into(),
    ]
}

fn order_cells<'a>(customer: CustomerNumber, order: &'a Order, line: Option<&'a OrderLine>) -> Vec<Cell<'a>> {
    let address = &order.shipping_address;
    let payments = order.payments.as_deref();
    let paid = payments.map(|payments| {
        payments.iter().fold(Money::default(), |paid, payment: &Payment| paid + payment.amount)
    });
    let paid_at = payments.and_then(|payments| payments.iter().filter_map(|payment| payment.paid_at).max());
    vec![
        order.id.as_str().into(),
        order.order_number.as_str().into(),
        customer.to_customer_id().into(),
        order.status.as_str().into(),
        order.ordered_at.into(),
        order.shipped_at.into(),
        order.delivered_at.into(),
        Cell::Money(order.total),
        paid.into(),
        paid_at.into(),
        (&address.line1).into(),
        (&address.line2).into(),
        (&address.city).into(),
        (&address.state).into(),
        (&address.postal_code).into(),
        (&address.country).into(),
        line.map_or(Cell::Empty, |line| line.product.as_str().into()),
        line.map_or(Cell::Empty, |line| (&line.name).into()),
        line.map_or(Cell::Empty, |line| Cell::Number(line.quantity)),
        line.map_or(Cell::Empty, |line| Cell::Number(line.unit_price)),
        line.map_or(Cell::Empty, |line| Cell::Number(line.discount)),
    ]
}

fn price_cells(customer: Option<CustomerNumber>, entry: &PriceEntry) -> Vec<Cell<'_>> {
    let price = &entry.price;
    let is_own = entry.owner != PriceOwner::List;
    vec![
        customer.map_or(Cell::Empty, |number| number.to_customer_id().into()),
        entry.product.as_str().into(),
        (&price.service_type).into(),
        (&price.name).into(),
        if is_own { Cell::Empty } else { Cell::Money(price.amount) },
        if is_own { Cell::Money(price.amount) } else { Cell::Empty },
        price.currency.to_string().into(),
        price.effective_from.map_or(Cell::Empty, |day| day.to_string().into()),
    ]
}

/// The row of a deletion: the cells that identify the record, and the moment.
fn deleted_cells<'a>(layout: &Layout, deleted: &'a Deleted) -> Vec<Cell<'a>> {
    let identity = |name: &str| deleted.identity.iter().find(|(column, _)| *column == name);
    let columns = layout.columns.iter().take(layout.columns.len() - 1);
    let cells =
        columns.map(|column| identity(column.name).map_or(Cell::Empty, |(_, value)| value.as_str().into()));
    cells.chain(std::iter::once(deleted.at.into())).collect()
}
