//! A crash at any point of a write leaves the record entirely old or entirely new, the totals exact and the search
//! right; and the same request, sent again under its `Idempotency-Key`, has taken effect once.
//!
//! Each operation is broken off at every place there is: each of its calls is cut off before it reaches the engine,
//! or loses its answer after the engine did what it says; and the function is stopped after every one of its steps.

use clientele_shared::model::Mode;
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, Caller, FaultAction, Faults, Stack, Steps, everybody, john, lists_in_order, numbered, uuid_of,
};

const CUSTOMERS: &str = "/api/v1/customers";

/// What is broken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Rename,
    Delete,
    Restore,
}

/// One write, on customers of its own.
struct Case {
    caller: Caller,
    operation: Operation,
    /// Whether the request carries an `Idempotency-Key`.
    is_once: bool,
    method: Method,
    path: String,
    body: Value,
    /// Everybody there is before the write.
    before: Vec<Value>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Create).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_name_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Rename).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Delete).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_whole_or_not_at_all() {
    break_off_everywhere(Operation::Restore).await;
}

async fn break_off_everywhere(operation: Operation) {
    let (faults, steps) = (Faults::default(), Steps::default());
    let configure = |config| faults.without_retries(config);
    let stack = Stack::start_around(configure, |store| store, |function| steps.limit(function)).await;
    for is_once in [false, true] {
        for action in [FaultAction::Cut, FaultAction::LoseAnswer] {
            let mut call = 1;
            while fault(&stack, &faults, operation, is_once, (call, action.clone())).await {
                call += 1;
            }
            assert!(call > 4, "{operation:?} makes {call} calls: are they all seen?");
        }
        let mut step = 1;
        while stop(&stack, &faults, &steps, operation, is_once, step).await {
            step += 1;
        }
        assert!(step > 3, "{operation:?} takes {step} steps: are they all seen?");
    }
}

/// Makes the write with this action for one of its calls; returns whether it makes so many.
async fn fault(
    stack: &Stack,
    faults: &Faults,
    operation: Operation,
    is_once: bool,
    (call, action): (usize, FaultAction),
) -> bool {
    let context = format!("call {call} {action:?}");
    let case = Case::new(stack, operation, is_once, &context).await;
    faults.inject(call, action);
    let answer = case.send().await;
    let made = faults.clear().len();
    faults.settle().await;
    if !answer.status.is_success() {
        answer.error(503);
        assert_eq!(answer.header("retry-after"), "1", "{context}");
    }
    case.check(&answer, &context).await;
    made >= call
}

/// Makes the write and stops the function after so many steps; returns whether it takes more.
async fn stop(
    stack: &Stack,
    faults: &Faults,
    steps: &Steps,
    operation: Operation,
    is_once: bool,
    step: usize,
) -> bool {
    let context = format!("stopped after step {step}");
    let case = Case::new(stack, operation, is_once, &context).await;
    faults.plan(|_| FaultAction::Pass);
    steps.set(step);
    let answer = case.send().await;
    steps.set(usize::MAX);
    faults.clear();
    faults.settle().await;
    case.check(&answer, &context).await;
    answer.status == 502
}

impl Case {
    /// The customers of a new tenant, and the write that is about one of them.
    async fn new(stack: &Stack, operation: Operation, is_once: bool, context: &str) -> Self {
        let id =
            uuid::Uuid::new_v5(&uuid::Uuid::nil(), format!("{operation:?} {is_once} {context}").as_bytes());
        let tenant = id.simple().to_string();
        // One key prepares, another writes: the functions do not know it yet, and its first call is to look it up.
        let prepares = stack.caller(&tenant, Mode::Live, "read,write").await;
        prepares.create(&numbered(1)).await;
        let (mut method, mut path, mut body) = (Method::POST, CUSTOMERS.to_owned(), john());
        if operation != Operation::Create {
            path = format!("{CUSTOMERS}/{}", prepares.create(&john()).await);
        }
        match operation {
            Operation::Create => {}
            Operation::Rename => {
                method = Method::PUT;
                // A new name moves search terms, a new type and mark move totals.
                body = json!({"last_name": "Smith", "company_name": "Roe & Sons", "is_vip": true});
                body["customer_type"] = json!("Commercial");
            }
            Operation::Delete => (method, body) = (Method::DELETE, Value::Null),
            Operation::Restore => {
                prepares.delete(&path).await.expect(200);
                path.push_str("/restore");
            }
        }
        let before = everybody(&prepares).await;
        let caller = stack.caller(&tenant, Mode::Live, "read,write").await;
        Self { caller, operation, is_once, method, path, body, before }
    }

    async fn send(&self) -> Answer {
        let headers: &[(&str, &str)] = if self.is_once { &[("idempotency-key", "once")] } else { &[] };
        self.caller.send(self.method.clone(), &self.path, headers, self.body.to_string()).await
    }

    /// Holds what is there against what was and what should be; and again after the same request was sent again.
    async fn check(&self, answer: &Answer, context: &str) {
        let context = format!("{:?}, once: {}, {context}: {}", self.operation, self.is_once, answer.status);
        let now = lists_in_order(&self.caller).await;
        let effects = self.effects(&now, &context);
        self.check_records(&now, &context).await;
        assert!(effects == 1 || !answer.status.is_success(), "{context} and no effect");
        let again = self.send().await;
        let effects_now = self.effects(&everybody(&self.caller).await, &context);
        if self.is_once {
            assert!(again.status.is_success(), "{context}: {again:#?}");
            assert_eq!(effects_now, 1, "{context}, sent again");
            assert_eq!(
                again.header("idempotent-replayed"),
                if effects == 1 { "true" } else { "" },
                "{context}"
            );
        } else {
            let deleted_before = self.operation == Operation::Delete && effects == 1;
            assert_eq!(again.status.is_success(), !deleted_before, "{context}: {again:#?}");
            assert_eq!(
                effects_now,
                if self.operation == Operation::Create { effects + 1 } else { 1 },
                "{context}"
            );
        }
    }

    /// How often the write has taken effect, where these are all customers now. Nobody else has changed, and the
    /// customer of the write is entirely old or entirely new.
    fn effects(&self, now: &[Value], context: &str) -> usize {
        let made = now.len() - self.before.len();
        let mut expected: Vec<Value> = now[..made].iter().map(|made| self.made(made)).collect();
        expected.extend(self.before.iter().cloned());
        let is_changed = made == 0 && now != self.before;
        if is_changed {
            self.change(&mut expected[0], &now[0]);
        }
        assert_eq!(now, expected, "{context}");
        made + usize::from(is_changed)
    }

    /// What a created customer must be.
    fn made(&self, made: &Value) -> Value {
        let mut expected = self.before[0].clone();
        for (member, value) in self.body.as_object().unwrap() {
            expected[member] = value.clone();
        }
        expected["uuid"] = made["uuid"].clone();
        expected
    }

    /// What the customer becomes when the write takes effect; the clock stands still.
    fn change(&self, customer: &mut Value, now: &Value) {
        match self.operation {
            Operation::Create => panic!("a create changed {customer} to {now}"),
            Operation::Rename => {
                for (member, value) in self.body.as_object().unwrap() {
                    customer[member] = value.clone();
                }
            }
            Operation::Delete => customer["deleted_at"] = now["updated_at"].clone(),
            Operation::Restore => customer["deleted_at"] = Value::Null,
        }
    }

    /// Holds each record, by itself and as searches find it, against the lists.
    async fn check_records(&self, customers: &[Value], context: &str) {
        for customer in customers {
            let path = format!("{CUSTOMERS}/{}?include_deleted=true", uuid_of(customer));
            assert_eq!(self.caller.get(&path).await.data(), *customer, "{context}");
        }
        let searches = [
            ("john", "first_name", "John"),
            ("doe", "last_name", "Doe"),
            ("mit", "last_name", "Smith"),
            ("sons", "company_name", "Roe & Sons"),
        ];
        for (search, member, value) in searches {
            let found = self.caller.get(&format!("{CUSTOMERS}?search={search}")).await.data();
            let is_found = |customer: &&Value| customer["deleted_at"].is_null() && customer[member] == value;
            let expected: Vec<&Value> = customers.iter().filter(is_found).collect();
            assert_eq!(
                found["customers"].as_array().unwrap().iter().collect::<Vec<_>>(),
                expected,
                "{search}, {context}"
            );
            assert_eq!(found["pagination"]["total"], expected.len(), "{search}, {context}");
        }
    }
}
