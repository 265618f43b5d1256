//! The writes of orders, and their division into commits.

use std::collections::VecDeque;

use clientele_shared::model::{CustomerNumber, Money, Order, OrderLine, Timestamp};
use clientele_shared::store::{OrderChange, Store, VersionedOrder};
use csv::StringRecord;

use crate::import::outcome::{FieldChange, RowChange};
use crate::import::reader::RejectedRow;

/// Maximum size of a commit's orders, in bytes. The store refuses more than 3 MB, the sums of months included.
const MAX_COMMIT_BYTES: usize = 2 * 1024 * 1024;

/// An order to be written.
#[derive(Debug)]
pub struct OrderWrite {
    pub(super) customer: CustomerNumber,
    pub(super) change: OrderChange,
    pub(super) is_new: bool,
    /// The order as it is stored, in a dry run.
    pub(super) old: Option<VersionedOrder>,
    /// The rows of the batch that are about the order.
    pub(super) rows: Vec<(u64, StringRecord)>,
}

impl OrderWrite {
    /// Returns what the write changes about the stored order.
    pub(super) fn changes(&self) -> Option<RowChange> {
        let VersionedOrder { order: old, lines: old_lines, .. } = self.old.as_ref()?;
        let old_texts = texts(old, old_lines);
        let new_texts = match &self.change.order {
            Some((new, lines)) => texts(new, lines),
            None => old_texts
                .clone()
                .map(|(field, text)| (field, if field == "status" { "removed".to_owned() } else { text })),
        };
        let pairs = old_texts.into_iter().zip(new_texts).filter(|(old, new)| old != new);
        Some(RowChange {
            id: old.id.as_str().to_owned(),
            key: old.order_number.clone(),
            changes: pairs.map(|((field, old), (_, new))| FieldChange { field, old, new }).collect(),
        })
    }

    /// Returns the rows, rejected for this reason.
    pub(super) fn reject(self, reason: &str) -> impl Iterator<Item = RejectedRow> {
        self.rows.into_iter().map(move |(line, cells)| RejectedRow {
            line,
            reason: reason.to_owned(),
            cells: cells.into_byte_record(),
        })
    }
}

/// Returns the parts of an order as texts, by field.
fn texts(order: &Order, lines: &[OrderLine]) -> [(&'static str, String); 9] {
    let at = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339_seconds).unwrap_or_default();
    let paid = order.payments.as_ref().map(|payments| {
        payments.iter().fold(Money::default(), |paid, payment| paid + payment.amount).to_string()
    });
    let address: Vec<&str> = order.shipping_address.postal().into_iter().flatten().collect();
    let line = |line: &OrderLine| {
        let OrderLine { product, quantity, unit_price, discount, .. } = line;
        format!("{quantity} × {product} at {unit_price} less {discount}")
    };
    let lines: Vec<String> = lines.iter().map(line).collect();
    [
        ("orderNumber", order.order_number.clone()),
        ("status", order.status.as_str().to_owned()),
        ("orderDate", at(Some(order.ordered_at))),
        ("shipDate", at(order.shipped_at)),
        ("deliveryDate", at(order.delivered_at)),
        ("total", order.total.to_string()),
        ("amountPaid", paid.unwrap_or_default()),
        ("shippingAddress", address.join(", ")),
        ("lines", lines.join("; ")),
    ]
}

/// Splits a customer's orders into those of each commit.
pub(super) fn chunks(writes: Vec<OrderWrite>) -> VecDeque<Vec<OrderWrite>> {
    let mut chunks: VecDeque<Vec<OrderWrite>> = VecDeque::new();
    let mut bytes = 0;
    for write in writes {
        bytes += write.change.size();
        match chunks.back_mut() {
            Some(chunk) if chunk.len() < Store::ORDERS_AT_A_TIME && bytes <= MAX_COMMIT_BYTES => {
                chunk.push(write);
            }
            _ => {
                bytes = write.change.size();
                chunks.push_back(vec![write]);
            }
        }
    }
    chunks
}

#[cfg(test)]
mod tests {
    use clientele_shared::model::{Address, OrderStatus};
    use clientele_shared::store::RowKey;

    use super::*;

    /// A write of an order with this many lines, each with a name of 255 characters.
    fn write(id: usize, lines: usize) -> OrderWrite {
        let key = RowKey::order("s", &id.to_string());
        let line = OrderLine {
            product: "p".parse().unwrap(),
            name: Some("n".repeat(255)),
            quantity: "1".parse().unwrap(),
            unit_price: "1".parse().unwrap(),
            discount: "0".parse().unwrap(),
        };
        let order = Order {
            id: key.order_id(),
            order_number: "1".into(),
            status: OrderStatus::Pending,
            ordered_at: Timestamp::from_millis(0),
            shipped_at: None,
            delivered_at: None,
            total: "1".parse().unwrap(),
            items_count: 0,
            shipping_address: Address::default(),
            payments: None,
        };
        let change = OrderChange { key, order: Some((order, vec![line; lines])) };
        OrderWrite { customer: CustomerNumber::MAX, change, is_new: true, old: None, rows: Vec::new() }
    }

    #[test]
    fn commits_are_filled_up_to_the_limits_of_orders_and_bytes() {
        let counts = |orders: &[usize]| -> Vec<usize> {
            let writes = orders.iter().enumerate().map(|(id, lines)| write(id, *lines)).collect();
            chunks(writes).iter().map(Vec::len).collect()
        };
        assert_eq!(counts(&[1; 40]), [18, 18, 4]);
        // 500 lines take about 317 KB.
        assert_eq!(counts(&[500; 14]), [6, 6, 2]);
        assert_eq!(counts(&[]), Vec::<usize>::new());
    }
}
