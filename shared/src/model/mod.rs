//! The canonical records. They follow no dialect's format and are never serialised to a client.

mod api_key;
mod contact;
mod customer;
mod customer_parts;
mod export;
mod figures;
mod json_object;
mod mirror;
mod mirror_waiting;
mod money;
mod order;
mod percentage;
mod precise_number;
mod price;
mod sales;
mod schedule;
mod settings;
mod tag;
mod tenant;
mod time;

pub use api_key::{ApiKey, ApiKeyId, Mode, Scope, Scopes, Secret, SecretHash};
pub use contact::Contact;
pub use customer::{Customer, CustomerFields};
pub use customer_parts::{Address, CounterCell, CustomerType, NotifyVia, Status, UnknownVariant};
pub use export::{ExportColumns, ExportContent, ExportFilter, ExportFormat, ExportKind};
pub use figures::Figures;
pub use json_object::{JsonObject, JsonObjectError};
pub use mirror::{
    Connection, Deactivation, FullPass, Link, Mapping, MirrorSettings, MirrorSide, MirrorState,
    MirroredEntity, MirroredFields, QuickBooksId, QuickBooksIdError, RealmId, RealmOwner,
};
pub use mirror_waiting::{
    Conflict, EarlierConflict, Hint, Intent, IntentItem, KeptConflict, Parked, ParkedObject,
};
pub use money::Money;
pub use order::{Order, OrderId, OrderIdError, OrderLine, OrderStatus, Payment, total_of};
pub use percentage::{Percentage, PercentageError};
pub use precise_number::{PreciseNumber, PreciseNumberError};
pub use price::{Currency, CurrencyError, Price, PriceEntry, PriceOwner, ProductId, ProductIdError};
pub use sales::{ProductSales, Sales};
pub use schedule::{Every, ExportSchedule, ScheduleName, ScheduleNameError, TimeOfDay, TimeOfDayError};
pub use settings::{DialectSettings, Settings};
pub use tag::{Color, ColorError, Tag, TagId, TagIdError};
pub use tenant::{CustomerNumber, Tenant, TenantId};
pub use time::{Date, DateError, Timestamp};
