//! Descriptions of fields: their type and limits, and whether clients can write and query them.

use super::Kind;

/// A field of an entity.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Name as the API writes it.
    pub name: &'static str,
    /// Type and limits.
    pub kind: FieldKind,
    /// The party that sets the field.
    pub access: Access,
    /// Whether a query can filter and sort by it.
    pub queryable: bool,
}

/// The fields of an entity, in groups, some of which several entities share.
pub(super) type Fields = &'static [&'static [Field]];

/// Type and limits of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// Text of at most this number of characters.
    Text(usize),
    /// Part of a name: text of at most this number of characters, without colon, tab and line break.
    Name(usize),
    /// A tax identifier, of which a client reads only the last five characters.
    TaxIdentifier,
    /// True or false.
    Flag,
    /// An amount, rate or quantity.
    Amount,
    /// A whole number.
    Whole,
    /// A date `YYYY-MM-DD`.
    Date,
    /// An object `{"value": id, "name": …}`. The id must exist if the entity is kept.
    Reference(Option<Kind>),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// An object `{"Address": …}`.
    Email,
    /// An object `{"FreeFormNumber": …}` of at most 30 characters.
    Phone,
    /// An object `{"URI": …}` of at most 1,000 characters.
    Web,
    /// A postal address.
    Address,
    /// A list of objects.
    List,
    /// An object whose content is stored without checks.
    Object,
}

/// The party that sets a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The server alone. A value that a client sends is ignored.
    System,
    /// The client, when it creates the object. A later value is ignored.
    Create,
    /// The client.
    Write,
}

impl Field {
    /// Returns the field for the server alone.
    pub(super) const fn system(mut self) -> Self {
        self.access = Access::System;
        self
    }

    /// Returns the field for the client that creates the object.
    pub(super) const fn create_only(mut self) -> Self {
        self.access = Access::Create;
        self
    }

    /// Returns the field as one that queries can name.
    pub(super) const fn queryable(mut self) -> Self {
        self.queryable = true;
        self
    }
}

/// Returns a field that clients can write and queries cannot name.
pub(super) const fn field(name: &'static str, kind: FieldKind) -> Field {
    Field { name, kind, access: Access::Write, queryable: false }
}

pub(super) const fn text(name: &'static str, max: usize) -> Field {
    field(name, FieldKind::Text(max))
}

pub(super) const fn flag(name: &'static str) -> Field {
    field(name, FieldKind::Flag)
}

pub(super) const fn amount(name: &'static str) -> Field {
    field(name, FieldKind::Amount)
}

pub(super) const fn date(name: &'static str) -> Field {
    field(name, FieldKind::Date)
}

pub(super) const fn reference(name: &'static str, to: Option<Kind>) -> Field {
    field(name, FieldKind::Reference(to))
}

pub(super) const fn object(name: &'static str) -> Field {
    field(name, FieldKind::Object)
}

pub(super) const fn list(name: &'static str) -> Field {
    field(name, FieldKind::List)
}

/// The fields that every entity has.
pub const COMMON: &[Field] = &[
    text("Id", 20).system().queryable(),
    text("SyncToken", 20).system(),
    object("MetaData").system(),
    text("domain", 10).system(),
    flag("sparse").system(),
    text("status", 10).system(),
    list("CustomField"),
];

/// The parts of a postal address and their maximum lengths. Source: `IntuitBaseTypes.xsd` of Intuit's Java
/// SDK.
pub const ADDRESS_PARTS: &[(&str, usize)] = &[
    ("Line1", 500),
    ("Line2", 500),
    ("Line3", 500),
    ("Line4", 500),
    ("Line5", 500),
    ("City", 255),
    ("Country", 255),
    ("CountryCode", 255),
    ("CountrySubDivisionCode", 255),
    ("PostalCode", 30),
];

/// Maximum length of a phone number.
pub const MAX_PHONE: usize = 30;
/// Maximum length of a web address.
pub const MAX_URI: usize = 1000;
