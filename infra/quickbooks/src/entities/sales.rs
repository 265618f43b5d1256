//! Fields of invoices, sales receipts, credit memos and payments.

use super::Kind;
use super::fields::{Field, FieldKind, Fields, amount, date, field, flag, list, object, reference, text};

const TAX: FieldKind = FieldKind::Choice(&["TaxExcluded", "TaxInclusive", "NotApplicable"]);
const PRINT: FieldKind = FieldKind::Choice(&["NotSet", "NeedToPrint", "PrintComplete"]);
const EMAIL: FieldKind = FieldKind::Choice(&["NotSet", "NeedToSend", "EmailSent"]);

const DOC_NUMBER: Field = text("DocNumber", 21).queryable();
const TXN_DATE: Field = date("TxnDate").queryable();
const CUSTOMER: Field = reference("CustomerRef", Some(Kind::Customer)).queryable();
const TOTAL: Field = amount("TotalAmt").system().queryable();
const LINES: Field = list("Line");
const PRIVATE_NOTE: Field = text("PrivateNote", 4000);
const MEMO: Field = object("CustomerMemo");
const CURRENCY: Field = reference("CurrencyRef", None);
const RATE: Field = amount("ExchangeRate");
const HOME_TOTAL: Field = amount("HomeTotalAmt").system();
const TXN_TAX: Field = object("TxnTaxDetail");
const TAX_CALCULATION: Field = field("GlobalTaxCalculation", TAX);
const BILL_ADDRESS: Field = field("BillAddr", FieldKind::Address);
const SHIP_ADDRESS: Field = field("ShipAddr", FieldKind::Address);
const BILL_EMAIL: Field = field("BillEmail", FieldKind::Email);
const SHIP_DATE: Field = date("ShipDate").queryable();
const SHIP_METHOD: Field = reference("ShipMethodRef", None);
const TRACKING: Field = text("TrackingNum", 31);
const TERM: Field = reference("SalesTermRef", Some(Kind::Term));
const METHOD: Field = reference("PaymentMethodRef", Some(Kind::PaymentMethod));
const DEPOSIT_ACCOUNT: Field = reference("DepositToAccountRef", Some(Kind::Account));
const CLASS: Field = reference("ClassRef", None);
const DEPARTMENT: Field = reference("DepartmentRef", None);
const PRINT_STATUS: Field = field("PrintStatus", PRINT);
const EMAIL_STATUS: Field = field("EmailStatus", EMAIL);
const APPLY_TAX_AFTER_DISCOUNT: Field = flag("ApplyTaxAfterDiscount");
const TXN_SOURCE: Field = text("TxnSource", 50);
const TRANSACTION_LOCATION: Field = text("TransactionLocationType", 50);
const TAX_EXEMPTION: Field = reference("TaxExemptionRef", None);
const SHIP_FROM: Field = field("ShipFromAddr", FieldKind::Address);
const FREE_FORM: Field = flag("FreeFormAddress");
const RECURRING: Field = reference("RecurDataRef", None).system();
const HOME_BALANCE: Field = amount("HomeBalance").system();

/// Fields of all transactions.
const TRANSACTION: &[Field] = &[
    TXN_DATE,
    CUSTOMER,
    LINES,
    list("LinkedTxn"),
    PRIVATE_NOTE,
    CURRENCY,
    RATE,
    METHOD,
    TXN_SOURCE,
    TRANSACTION_LOCATION,
];

/// Fields of invoices, sales receipts and credit memos, which list the items sold.
const FORM: &[Field] = &[
    DOC_NUMBER,
    TOTAL,
    amount("Balance").system().queryable(),
    MEMO,
    HOME_TOTAL,
    HOME_BALANCE,
    TXN_TAX,
    TAX_CALCULATION,
    BILL_ADDRESS,
    SHIP_ADDRESS,
    BILL_EMAIL,
    CLASS,
    DEPARTMENT,
    PRINT_STATUS,
    EMAIL_STATUS,
    APPLY_TAX_AFTER_DISCOUNT,
    TAX_EXEMPTION,
    FREE_FORM,
    RECURRING,
];

/// Fields of invoices and sales receipts, whose items are shipped.
const SHIPPED: &[Field] =
    &[SHIP_DATE, SHIP_METHOD, TRACKING, DEPOSIT_ACCOUNT, object("DeliveryInfo").system(), SHIP_FROM];

/// Fields of sales receipts and payments, which are paid.
const PAID: &[Field] =
    &[text("PaymentRefNum", 21).queryable(), text("PaymentType", 20), object("CreditCardPayment")];

/// Fields of `Invoice`.
pub(super) const INVOICE: Fields = &[
    TRANSACTION,
    FORM,
    SHIPPED,
    &[
        date("DueDate").queryable(),
        amount("Deposit"),
        field("BillEmailCc", FieldKind::Email),
        field("BillEmailBcc", FieldKind::Email),
        TERM,
        flag("AllowIPNPayment"),
        flag("AllowOnlinePayment"),
        flag("AllowOnlineCreditCardPayment"),
        flag("AllowOnlineACHPayment"),
        text("EInvoiceStatus", 20).system(),
        text("InvoiceLink", 1000).system(),
    ],
];

/// Fields of `SalesReceipt`.
pub(super) const SALES_RECEIPT: Fields = &[TRANSACTION, FORM, SHIPPED, PAID, &[]];

/// Fields of `CreditMemo`.
pub(super) const CREDIT_MEMO: Fields = &[
    TRANSACTION,
    FORM,
    &[amount("RemainingCredit").system(), TERM, reference("InvoiceRef", Some(Kind::Invoice))],
];

/// Fields of `Payment`.
pub(super) const PAYMENT: Fields = &[
    TRANSACTION,
    PAID,
    &[
        amount("TotalAmt").queryable(),
        amount("UnappliedAmt").system(),
        DEPOSIT_ACCOUNT,
        reference("ARAccountRef", Some(Kind::Account)),
        reference("TaxExemptionRef", None),
        flag("ProcessPayment"),
    ],
];
