//! The writes of orders, and their division into commits.

use std::collections::VecDeque;

use clientele_shared::model::CustomerNumber;
use clientele_shared::store::{OrderChange, Store};
use csv::StringRecord;

use crate::import::reader::RejectedRow;

/// Maximum size of a commit's orders, in bytes. The store refuses more than 3 MB, the sums of months included.
const MAX_COMMIT_BYTES: usize = 2 * 1024 * 1024;

/// An order to be written.
#[derive(Debug)]
pub struct OrderWrite {
    pub(super) customer: CustomerNumber,
    pub(super) change: OrderChange,
    pub(super) is_new: bool,
    /// The rows of the batch that are about the order.
    pub(super) rows: Vec<(u64, StringRecord)>,
}

impl OrderWrite {
    /// Returns the rows, rejected for this reason.
    pub(super) fn reject(self, reason: &str) -> impl Iterator<Item = RejectedRow> {
        self.rows.into_iter().map(move |(line, cells)| RejectedRow {
            line,
            reason: reason.to_owned(),
            cells: cells.into_byte_record(),
        })
    }
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
    use clientele_shared::model::{Address, Order, OrderLine, OrderStatus, Timestamp};
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
        OrderWrite { customer: CustomerNumber::MAX, change, is_new: true, rows: Vec::new() }
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
