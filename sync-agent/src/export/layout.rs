//! The columns of exports.

use clientele_shared::csv::cell::CellType;
use clientele_shared::csv::customer_row::{ALL_COLUMNS, CustomerColumn, DOCUMENTED};
use clientele_shared::model::{ExportColumns, ExportKind};

/// A column of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) cell_type: CellType,
}

/// The column of an incremental export that says when a row was deleted.
const DELETED_AT: Column = Column { name: "deleted_at", cell_type: CellType::Time };

/// The columns of an export.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) columns: Vec<Column>,
    /// Whether the last column is [`DELETED_AT`].
    pub(super) is_incremental: bool,
    /// The columns of customers.
    pub(super) customers: Vec<&'static CustomerColumn>,
}

impl Layout {
    pub(super) fn new(kind: ExportKind, columns: ExportColumns, is_incremental: bool) -> Self {
        let customers = match (kind, columns) {
            (ExportKind::Customers, ExportColumns::Documented) => DOCUMENTED.to_vec(),
            (ExportKind::Customers, ExportColumns::Full) => ALL_COLUMNS.iter().collect(),
            _ => Vec::new(),
        };
        let of_customer =
            |column: &&CustomerColumn| Column { name: column.name, cell_type: column.cell_type };
        let mut all: Vec<Column> = match kind {
            ExportKind::Customers => customers.iter().map(of_customer).collect(),
            ExportKind::Contacts => CONTACTS.to_vec(),
            ExportKind::Orders => ORDERS.to_vec(),
            ExportKind::Prices => PRICES.to_vec(),
        };
        all.extend(is_incremental.then_some(DELETED_AT));
        Self { columns: all, is_incremental, customers }
    }

    /// Returns the names of the columns.
    pub(super) fn names(&self) -> Vec<String> {
        self.columns.iter().map(|column| column.name.to_owned()).collect()
    }
}

const fn text(name: &'static str) -> Column {
    Column { name, cell_type: CellType::Text }
}

const fn time(name: &'static str) -> Column {
    Column { name, cell_type: CellType::Time }
}

const CONTACTS: [Column; 10] = [
    text("customerId"),
    text("customerEmail"),
    text("contactId"),
    text("name"),
    text("title"),
    text("email"),
    text("phone"),
    Column { name: "isPrimary", cell_type: CellType::Boolean },
    time("createdAt"),
    time("updatedAt"),
];

const ORDERS: [Column; 21] = [
    text("orderId"),
    text("orderNumber"),
    text("customerId"),
    text("status"),
    time("orderDate"),
    time("shipDate"),
    time("deliveryDate"),
    Column { name: "total", cell_type: CellType::Money },
    Column { name: "amountPaid", cell_type: CellType::Money },
    time("paidDate"),
    text("street"),
    text("street2"),
    text("city"),
    text("state"),
    text("zipCode"),
    text("country"),
    text("productId"),
    text("productName"),
    Column { name: "quantity", cell_type: CellType::Number },
    Column { name: "unitPrice", cell_type: CellType::Number },
    Column { name: "discount", cell_type: CellType::Number },
];

const PRICES: [Column; 8] = [
    text("customerId"),
    text("productId"),
    text("serviceType"),
    text("name"),
    Column { name: "defaultPrice", cell_type: CellType::Money },
    Column { name: "customerPrice", cell_type: CellType::Money },
    text("currency"),
    text("effectiveFrom"),
];
