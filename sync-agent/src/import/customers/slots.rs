//! The fields of a customer by the fields that columns fill: reading one as text, and taking one over from another customer.

use std::borrow::Cow;

use clientele_shared::csv::cell::Cell;
use clientele_shared::csv::customer_row::CustomerColumn;
use clientele_shared::model::{Address, CustomerFields};

use super::fields::Field;
use crate::import::field::ImportField as _;

/// Returns the text that a field holds, if it is a field of text.
fn text_slot(fields: &mut CustomerFields, field: Field) -> Option<&mut Option<String>> {
    Some(match field {
        Field::FirstName => &mut fields.first_name,
        Field::LastName => &mut fields.last_name,
        Field::CompanyName => &mut fields.company_name,
        Field::Email => &mut fields.email,
        Field::Phone => &mut fields.phone,
        Field::MobilePhone => &mut fields.mobile_phone,
        Field::Fax => &mut fields.fax,
        Field::Website => &mut fields.website,
        Field::Notes => &mut fields.notes,
        Field::QuickbooksId => &mut fields.quickbooks_id,
        Field::TaxId => &mut fields.tax_id,
        Field::PaymentTerms => &mut fields.payment_terms,
        Field::Currency => &mut fields.currency,
        Field::PreferredShipping => &mut fields.preferred_shipping,
        _ => {
            return match physical_slot(&mut fields.physical, field) {
                Some(slot) => Some(slot),
                None => billing_slot(&mut fields.billing, field),
            };
        }
    })
}

fn physical_slot(address: &mut Address, field: Field) -> Option<&mut Option<String>> {
    Some(match field {
        Field::Street => &mut address.line1,
        Field::Street2 => &mut address.line2,
        Field::City => &mut address.city,
        Field::State => &mut address.state,
        Field::ZipCode => &mut address.postal_code,
        Field::Country => &mut address.country,
        Field::Area => &mut address.area,
        Field::RecipientFirstName => &mut address.first_name,
        Field::RecipientLastName => &mut address.last_name,
        Field::RecipientEmail => &mut address.email,
        Field::RecipientPhone => &mut address.phone,
        _ => return None,
    })
}

fn billing_slot(address: &mut Address, field: Field) -> Option<&mut Option<String>> {
    Some(match field {
        Field::BillingStreet => &mut address.line1,
        Field::BillingStreet2 => &mut address.line2,
        Field::BillingCity => &mut address.city,
        Field::BillingState => &mut address.state,
        Field::BillingZipCode => &mut address.postal_code,
        Field::BillingCountry => &mut address.country,
        Field::BillingArea => &mut address.area,
        Field::BillingFirstName => &mut address.first_name,
        Field::BillingLastName => &mut address.last_name,
        Field::BillingEmail => &mut address.email,
        Field::BillingPhone => &mut address.phone,
        _ => return None,
    })
}

/// Takes a field over from another customer. Names of tags and the person of a row are not taken over here.
pub(super) fn take_over(field: Field, from: &CustomerFields, to: &mut CustomerFields) {
    if let Some(slot) = text_slot(to, field) {
        let text = shown(field, from);
        *slot = (!text.is_empty()).then(|| text.into_owned());
        return;
    }
    match field {
        Field::Status => to.status = from.status,
        Field::CustomerType => to.customer_type = from.customer_type,
        Field::IsVip => to.is_vip = from.is_vip,
        Field::InternalFlags => to.internal_flags.clone_from(&from.internal_flags),
        Field::Custom => to.custom.clone_from(&from.custom),
        Field::AcceptsMarketing => to.accepts_marketing = from.accepts_marketing,
        Field::OnMyWayNotifyVia => to.on_my_way_notify_via = from.on_my_way_notify_via,
        Field::PrimaryServiceLocationUuid => {
            to.primary_service_location_uuid = from.primary_service_location_uuid;
        }
        Field::CreditLimit => to.credit_limit = from.credit_limit,
        Field::DiscountRate => to.discount_rate = from.discount_rate,
        Field::CustomerSince => to.customer_since = from.customer_since,
        Field::Contacts => {
            to.contacts.clone_from(&from.contacts);
            to.contact_sequence = to.contact_sequence.max(from.contact_sequence);
        }
        Field::ContactSequence => to.contact_sequence = to.contact_sequence.max(from.contact_sequence),
        _ => {}
    }
}

/// Returns what a field holds, as an export writes it; an empty text if it is empty or no field of the record.
pub(super) fn shown(field: Field, fields: &CustomerFields) -> Cow<'_, str> {
    let cell = CustomerColumn::named(field.name()).and_then(|column| column.field(fields));
    cell.unwrap_or(Cell::Empty).into_text()
}
