//! Fields of invoices, sales receipts, credit memos and payments.

use super::Kind;
use super::fields::{Field, FieldKind, amount, date, field, flag, list, object, reference, text};

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

/// Fields of `Invoice`.
pub(super) const INVOICE: &[Field] = &[
    DOC_NUMBER,
    TXN_DATE,
    CUSTOMER,
    date("DueDate").queryable(),
    LINES,
    TOTAL,
    amount("Balance").system().queryable(),
    amount("Deposit"),
    list("LinkedTxn"),
    PRIVATE_NOTE,
    MEMO,
    CURRENCY,
    RATE,
    HOME_TOTAL,
    HOME_BALANCE,
    TXN_TAX,
    TAX_CALCULATION,
    BILL_ADDRESS,
    SHIP_ADDRESS,
    BILL_EMAIL,
    field("BillEmailCc", FieldKind::Email),
    field("BillEmailBcc", FieldKind::Email),
    SHIP_DATE,
    SHIP_METHOD,
    TRACKING,
    TERM,
    METHOD,
    DEPOSIT_ACCOUNT,
    CLASS,
    DEPARTMENT,
    PRINT_STATUS,
    EMAIL_STATUS,
    APPLY_TAX_AFTER_DISCOUNT,
    flag("AllowIPNPayment"),
    flag("AllowOnlinePayment"),
    flag("AllowOnlineCreditCardPayment"),
    flag("AllowOnlineACHPayment"),
    text("EInvoiceStatus", 20).system(),
    object("DeliveryInfo").system(),
    text("InvoiceLink", 1000).system(),
    TXN_SOURCE,
    TRANSACTION_LOCATION,
    TAX_EXEMPTION,
    SHIP_FROM,
    FREE_FORM,
    RECURRING,
];

/// Fields of `SalesReceipt`.
pub(super) const SALES_RECEIPT: &[Field] = &[
    DOC_NUMBER,
    TXN_DATE,
    CUSTOMER,
    LINES,
    TOTAL,
    amount("Balance").system().queryable(),
    list("LinkedTxn"),
    PRIVATE_NOTE,
    MEMO,
    CURRENCY,
    RATE,
    HOME_TOTAL,
    HOME_BALANCE,
    TXN_TAX,
    TAX_CALCULATION,
    BILL_ADDRESS,
    SHIP_ADDRESS,
    BILL_EMAIL,
    SHIP_DATE,
    SHIP_METHOD,
    TRACKING,
    METHOD,
    text("PaymentRefNum", 21).queryable(),
    text("PaymentType", 20),
    object("CreditCardPayment"),
    DEPOSIT_ACCOUNT,
    CLASS,
    DEPARTMENT,
    PRINT_STATUS,
    EMAIL_STATUS,
    APPLY_TAX_AFTER_DISCOUNT,
    object("DeliveryInfo").system(),
    TXN_SOURCE,
    TRANSACTION_LOCATION,
    TAX_EXEMPTION,
    SHIP_FROM,
    FREE_FORM,
    RECURRING,
];

/// Fields of `CreditMemo`.
pub(super) const CREDIT_MEMO: &[Field] = &[
    DOC_NUMBER,
    TXN_DATE,
    CUSTOMER,
    LINES,
    TOTAL,
    amount("Balance").system().queryable(),
    amount("RemainingCredit").system(),
    list("LinkedTxn"),
    PRIVATE_NOTE,
    MEMO,
    CURRENCY,
    RATE,
    HOME_TOTAL,
    HOME_BALANCE,
    TXN_TAX,
    TAX_CALCULATION,
    BILL_ADDRESS,
    SHIP_ADDRESS,
    BILL_EMAIL,
    TERM,
    METHOD,
    reference("InvoiceRef", Some(Kind::Invoice)),
    CLASS,
    DEPARTMENT,
    PRINT_STATUS,
    EMAIL_STATUS,
    APPLY_TAX_AFTER_DISCOUNT,
    TXN_SOURCE,
    TRANSACTION_LOCATION,
    TAX_EXEMPTION,
    FREE_FORM,
    RECURRING,
];

/// Fields of `Payment`.
pub(super) const PAYMENT: &[Field] = &[
    TXN_DATE,
    CUSTOMER,
    amount("TotalAmt").queryable(),
    amount("UnappliedAmt").system(),
    LINES,
    list("LinkedTxn"),
    PRIVATE_NOTE,
    CURRENCY,
    RATE,
    METHOD,
    text("PaymentRefNum", 21).queryable(),
    text("PaymentType", 20),
    object("CreditCardPayment"),
    DEPOSIT_ACCOUNT,
    reference("ARAccountRef", Some(Kind::Account)),
    reference("TaxExemptionRef", None),
    flag("ProcessPayment"),
    TXN_SOURCE,
    TRANSACTION_LOCATION,
];
