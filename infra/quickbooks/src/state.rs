//! The whole state of the stand-in, behind one lock.

use std::path::Path;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::company::{Company, demo};
use crate::injection::Injections;
use crate::oauth::{App, Grants, Tokens};
use crate::protocol::log::Calls;
use crate::protocol::replay::Replays;
use crate::protocol::throttle::Throttle;
use crate::rules::write::Author;
use crate::storage::{Change, Storage, StorageError};
use crate::switches::{Switch, Switches};
use crate::webhooks::Webhooks;

/// The demo company's realm.
const REALM: &str = "9341453908217614";

/// The whole state.
#[derive(Debug)]
pub struct State {
    /// The company's objects.
    pub company: Company,
    /// Unconfirmed behaviours.
    pub switches: Switches,
    /// The company's clock.
    pub clock: Clock,
    /// The registered app.
    pub app: App,
    /// The tokens that the ready line shows.
    pub ready: Tokens,
    /// Consents and their tokens.
    pub grants: Grants,
    /// Stored responses.
    pub replays: Replays,
    /// Ordered faults.
    pub injections: Injections,
    /// Log of calls.
    pub calls: Calls,
    /// Requests of the last minute.
    pub throttle: Throttle,
    /// Webhooks and their queue.
    pub webhooks: Webhooks,
    storage: Storage,
    /// Changes that are not committed yet.
    pending: Vec<Change>,
}

/// The part of the state that is stored.
struct Stored {
    company: Company,
    switches: Switches,
    clock: Clock,
    app: App,
    grants: Grants,
    replays: Replays,
    webhooks: Webhooks,
}

impl Stored {
    fn new() -> Self {
        Self {
            company: Company::default(),
            switches: Switches::default(),
            clock: Clock::new(),
            app: App::new(REALM),
            grants: Grants::default(),
            replays: Replays::default(),
            webhooks: Webhooks::default(),
        }
    }

    fn load(&mut self, key: &str, value: &str) -> Result<(), StorageError> {
        fn parse<T: serde::de::DeserializeOwned>(key: &str, value: &str) -> Result<T, StorageError> {
            serde_json::from_str(value)
                .map_err(|e| StorageError::Entry { key: key.to_owned(), reason: e.to_string() })
        }
        match key.split_once('/') {
            Some(("grant", id)) => self.grants.load(id, value)?,
            Some(("replay", id)) => self.replays.load(id, value)?,
            Some(("webhook", name)) => self.webhooks.load(name, value)?,
            Some(("setting", "app")) => self.app = parse(key, value)?,
            Some(("setting", "clock")) => self.clock = parse(key, value)?,
            Some(("setting", "switches")) => self.switches = parse(key, value)?,
            _ => {
                if !self.company.load(key, value)? {
                    let reason = "unknown kind of entry".to_owned();
                    return Err(StorageError::Entry { key: key.to_owned(), reason });
                }
            }
        }
        Ok(())
    }
}

impl State {
    /// Opens the state in a folder, or a new one in memory.
    ///
    /// # Errors
    ///
    /// Returns a [`StorageError`] if the folder cannot be used.
    pub fn open(folder: Option<&Path>) -> Result<Self, StorageError> {
        let storage = folder.map_or(Ok(Storage::Memory), Storage::open)?;
        let entries = storage.load()?;
        let is_new = entries.is_empty();
        let mut stored = Stored::new();
        for (key, value) in entries {
            stored.load(&key, &value)?;
        }
        let Stored { mut company, switches, clock, app, mut grants, replays, webhooks } = stored;
        if is_new {
            demo::create(&mut company, &switches, clock.now());
            company.take_events();
        }
        let ready = grants.ensure(&app.first_grant, clock.now(), &switches);
        let mut state = Self {
            company,
            switches,
            clock,
            app,
            ready,
            grants,
            replays,
            injections: Injections::default(),
            calls: Calls::default(),
            throttle: Throttle::default(),
            webhooks,
            storage,
            pending: Vec::new(),
        };
        if is_new {
            state.save_setting("app");
            state.save_setting("clock");
        }
        state.commit()?;
        Ok(state)
    }

    /// Returns the company's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Adds a setting to the next commit: `app`, `clock` or `switches`.
    pub fn save_setting(&mut self, name: &str) {
        let value = match name {
            "app" => serde_json::to_string(&self.app),
            "clock" => serde_json::to_string(&self.clock),
            _ => serde_json::to_string(&self.switches),
        };
        self.pending.push((format!("setting/{name}"), value.ok()));
    }

    /// Queues the webhooks of the latest changes. A change by a client is left out if the switch
    /// `webhook_self_echo` is off.
    pub fn publish(&mut self, author: Author) {
        let events = self.company.take_events();
        if author == Author::Person || self.switches.is_on(Switch::WebhookSelfEcho) {
            self.webhooks.push(events);
        }
    }

    /// Commits all changes.
    ///
    /// If the commit fails, the changes stay pending, and the next commit includes them.
    ///
    /// # Errors
    ///
    /// Returns [`StorageError::Sqlite`] if SQLite reports an error.
    pub fn commit(&mut self) -> Result<(), StorageError> {
        let changes = [
            self.company.take_journal(),
            self.grants.take_journal(),
            self.replays.take_journal(),
            self.webhooks.take_journal(),
        ];
        if !self.storage.is_persistent() {
            self.pending.clear();
            return Ok(());
        }
        self.pending.extend(changes.into_iter().flatten());
        if self.pending.is_empty() {
            return Ok(());
        }
        self.storage.commit(&self.pending)?;
        self.pending.clear();
        Ok(())
    }

    /// Returns to the demo company: objects, stored responses, switches, faults and the clock.
    ///
    /// The credentials of the ready line become valid again. The log of calls and the webhook's address stay.
    pub fn reset(&mut self) {
        self.clock = Clock::new();
        self.switches = Switches::default();
        self.injections.clear();
        self.throttle = Throttle::default();
        self.replays.clear();
        self.webhooks.clear_queue();
        self.company.clear();
        let now = self.now();
        demo::create(&mut self.company, &self.switches, now);
        self.company.take_events();
        self.grants.revoke_all();
        let (ready, first) = (self.ready.clone(), self.app.first_grant.clone());
        self.grants.restore(&first, &ready, now, &self.switches);
        self.save_setting("clock");
        self.save_setting("switches");
    }
}
