//! The webhook of QuickBooks, which reports changes of companies that are connected to a tenant.
//!
//! [`webhook`] is the Lambda. It checks the [`signature`], reads the [`events`] and stores them as hints, which the mirror
//! reads at its next sync.

pub mod events;
pub mod signature;
pub mod webhook;

use clientele_functions_common::WebhookEndpoint;

/// All endpoints that QuickBooks calls.
pub const ENDPOINTS: [&WebhookEndpoint; 1] = [&webhook::ENDPOINT];
