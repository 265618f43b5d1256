//! Webhooks: the queue of events, and the bodies in both formats.

use std::collections::VecDeque;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::company::{Event, Operation};
use crate::random;
use crate::storage::{Change, StorageError};
use crate::switches::{Switch, Switches};

pub mod deliver;

/// Seconds between an attempt and the next; then every six hours. Source: Intuit's best practices for
/// webhooks.
const RETRIES: [i64; 9] = [0, 10, 20, 30, 300, 1_200, 7_200, 14_400, 21_600];
/// Most events of a delivery.
const MAX_EVENTS: usize = 100;
/// Most events that wait. The oldest are dropped.
const MAX_QUEUE: usize = 10_000;

/// The formats of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `{"eventNotifications": […]}`.
    Events,
    /// A list of CloudEvents.
    CloudEvents,
}

/// Where webhooks go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// The URL.
    pub url: String,
    /// The format, if one was set; otherwise the switch `webhook_format` decides.
    #[serde(default)]
    pub format: Option<Format>,
}

/// An event in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Queued {
    number: u64,
    id: String,
    entity: String,
    object_id: String,
    operation: Operation,
    deleted_id: Option<String>,
    at: Timestamp,
}

/// The address of the webhook and the events that wait.
#[derive(Debug, Default)]
pub struct Webhooks {
    endpoint: Option<Endpoint>,
    queue: VecDeque<Queued>,
    last: u64,
    attempts: usize,
    next_at: Option<Timestamp>,
    /// Number of times that the endpoint was set, or the queue cleared.
    generation: u64,
    journal: Vec<Change>,
}

/// A delivery that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Where it goes.
    pub url: String,
    /// The body.
    pub body: String,
    /// Number of its last event.
    pub last: u64,
    /// Generation of the endpoint and the queue.
    generation: u64,
}

impl Webhooks {
    /// Returns where webhooks go.
    #[must_use]
    pub fn endpoint(&self) -> Option<&Endpoint> {
        self.endpoint.as_ref()
    }

    /// Sets where webhooks go. Events that wait go there, too.
    pub fn set_endpoint(&mut self, endpoint: Option<Endpoint>) {
        let value = endpoint.as_ref().and_then(|endpoint| serde_json::to_string(endpoint).ok());
        self.journal.push(("webhook/endpoint".to_owned(), value));
        self.endpoint = endpoint;
        (self.attempts, self.next_at) = (0, None);
        self.generation += 1;
    }

    /// Adds events to the queue, if there is an endpoint.
    pub fn push(&mut self, events: Vec<Event>) {
        if self.endpoint.is_none() {
            return;
        }
        for event in events {
            self.last += 1;
            let queued = Queued {
                number: self.last,
                id: random::identifier(),
                entity: event.kind.name().to_owned(),
                object_id: event.id.to_string(),
                operation: event.operation,
                deleted_id: event.deleted_id.map(|id| id.to_string()),
                at: event.at,
            };
            self.journal.push((queue_key(queued.number), serde_json::to_string(&queued).ok()));
            self.queue.push_back(queued);
            if self.queue.len() > MAX_QUEUE
                && let Some(dropped) = self.queue.pop_front()
            {
                self.journal.push((queue_key(dropped.number), None));
            }
        }
    }

    /// Returns the number of events that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.len()
    }

    /// Returns the delivery that is due now, or how long to wait for it. `None` if nothing waits.
    pub fn due(
        &self,
        now: Timestamp,
        realm: &str,
        switches: &Switches,
    ) -> Option<Result<Delivery, SignedDuration>> {
        let endpoint = self.endpoint.as_ref()?;
        let first = self.queue.front()?;
        if let Some(next_at) = self.next_at.filter(|next_at| *next_at > now) {
            return Some(Err(next_at.duration_since(now)));
        }
        // Later events wait until the first ones are acknowledged: a retry has the same events and new ones.
        let events: Vec<&Queued> = self.queue.iter().take(MAX_EVENTS).collect();
        let format = endpoint.format.unwrap_or_else(|| {
            if switches.is(Switch::WebhookFormat, "events") { Format::Events } else { Format::CloudEvents }
        });
        let body = match format {
            Format::Events => old_body(&events, realm),
            Format::CloudEvents => cloud_events(&events, realm, switches.is_on(Switch::WebhookMergedId)),
        };
        let last = events.last().map_or(first.number, |event| event.number);
        Some(Ok(Delivery {
            url: endpoint.url.clone(),
            body: body.to_string(),
            last,
            generation: self.generation,
        }))
    }

    /// Returns whether a delivery still goes where webhooks go.
    #[must_use]
    pub fn is_current(&self, delivery: &Delivery) -> bool {
        self.generation == delivery.generation
    }

    /// Records that a delivery was acknowledged.
    pub fn acknowledge(&mut self, delivery: &Delivery) {
        while let Some(event) = self.queue.front().filter(|event| event.number <= delivery.last) {
            self.journal.push((queue_key(event.number), None));
            self.queue.pop_front();
        }
        (self.attempts, self.next_at) = (0, None);
    }

    /// Records that a delivery was not acknowledged, and plans the next attempt.
    pub fn fail(&mut self, now: Timestamp) {
        self.attempts += 1;
        let seconds = RETRIES.get(self.attempts).or(RETRIES.last()).copied().unwrap_or_default();
        self.next_at = now.saturating_add(SignedDuration::from_secs(seconds)).ok();
    }

    /// Drops all events that wait.
    pub fn clear_queue(&mut self) {
        self.journal.extend(self.queue.iter().map(|event| (queue_key(event.number), None)));
        self.queue.clear();
        (self.attempts, self.next_at) = (0, None);
        self.generation += 1;
    }

    /// Returns the changes for the storage since the last call.
    pub fn take_journal(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.journal)
    }

    /// Reads an entry of the storage.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Entry`] if the entry cannot be read.
    pub fn load(&mut self, name: &str, value: &str) -> Result<(), StorageError> {
        let invalid = |e: serde_json::Error| StorageError::Entry {
            key: format!("webhook/{name}"),
            reason: e.to_string(),
        };
        if name == "endpoint" {
            self.endpoint = Some(serde_json::from_str(value).map_err(invalid)?);
        } else {
            let event: Queued = serde_json::from_str(value).map_err(invalid)?;
            self.last = self.last.max(event.number);
            self.queue.push_back(event);
        }
        Ok(())
    }
}

/// Keys sort by number.
fn queue_key(number: u64) -> String {
    format!("webhook/event-{number:020}")
}

fn old_body(events: &[&Queued], realm: &str) -> Value {
    let entities: Vec<Value> = events
        .iter()
        .map(|event| {
            let mut entity = json!({
                "name": event.entity,
                "id": event.object_id,
                "operation": format!("{:?}", event.operation),
                "lastUpdated": event.at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string(),
            });
            if let Some(id) = &event.deleted_id {
                entity["deletedId"] = id.as_str().into();
            }
            entity
        })
        .collect();
    json!({ "eventNotifications": [{ "realmId": realm, "dataChangeEvent": { "entities": entities } }] })
}

fn cloud_events(events: &[&Queued], realm: &str, names_merged: bool) -> Value {
    let event = |event: &&Queued| {
        let operation = match event.operation {
            Operation::Create => "created",
            Operation::Update => "updated",
            Operation::Delete => "deleted",
            Operation::Merge => "merged",
        };
        let data = match event.deleted_id.as_deref().filter(|_| names_merged) {
            Some(id) => json!({ "deletedid": id }),
            None => json!({}),
        };
        json!({
            "specversion": "1.0",
            "id": event.id,
            "source": "intuit.quickbooks-stand-in",
            "type": format!("qbo.{}.{operation}.v1", event.entity.to_ascii_lowercase()),
            "datacontenttype": "application/json",
            "time": event.at.strftime("%Y-%m-%dT%H:%M:%S.%9fZ").to_string(),
            "intuitentityid": event.object_id,
            "intuitaccountid": realm,
            "data": data,
        })
    };
    events.iter().map(event).collect()
}

/// Returns the header `intuit-signature`: base64 of HMAC-SHA256 of the body with the verifier token.
#[must_use]
pub fn signature(verifier_token: &str, body: &[u8]) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(verifier_token.as_bytes()) else { return String::new() };
    mac.update(body);
    STANDARD.encode(mac.finalize().into_bytes())
}

#[cfg(test)]
mod tests;
