//! A crash at any point of a write leaves the record entirely old or entirely new, with exact totals and
//! correct searches. The same request, sent again with its `Idempotency-Key`, takes effect once.
//!
//! Each operation is interrupted at every possible point: each of its calls is dropped before it reaches the
//! engine, or loses its response after the engine has executed it, and the function is stopped after each of
//! its steps.

use clientele_shared::model::Mode;
use http::Method;
use serde_json::{Value, json};

use crate::support::{
    Caller, FaultAction, Faults, Response, Stack, Steps, all_customers, check_lists, john, numbered, uuid_of,
};

const CUSTOMERS: &str = "/api/v1/customers";

/// The operation that is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Create,
    Rename,
    Delete,
    Restore,
}

/// One write, on the customers of a separate tenant.
struct Case {
    caller: Caller,
    operation: Operation,
    /// Whether the request carries an `Idempotency-Key`.
    is_idempotent: bool,
    method: Method,
    path: String,
    body: Value,
    /// All customers before the write.
    before: Vec<Value>,
}

#[tokio::test(flavor = "multi_thread")]
async fn create_is_atomic_at_every_crash_point() {
    crash_at_every_point(Operation::Create).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rename_is_atomic_at_every_crash_point() {
    crash_at_every_point(Operation::Rename).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delete_is_atomic_at_every_crash_point() {
    crash_at_every_point(Operation::Delete).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn restore_is_atomic_at_every_crash_point() {
    crash_at_every_point(Operation::Restore).await;
}

async fn crash_at_every_point(operation: Operation) {
    let (faults, steps) = (Faults::default(), Steps::default());
    let configure = |config| faults.without_retries(config);
    let stack = Stack::start_customized(configure, |app| app, |_, function| steps.limit(function)).await;
    for is_idempotent in [false, true] {
        for action in [FaultAction::DropRequest, FaultAction::DropResponse] {
            let mut call = 1;
            while crash_in_call(&stack, &faults, operation, is_idempotent, (call, action.clone())).await {
                call += 1;
            }
            assert!(call > 4, "{operation:?} made only {call} calls; are all of them recorded?");
        }
        let mut step = 1;
        while crash_after_step(&stack, &faults, &steps, operation, is_idempotent, step).await {
            step += 1;
        }
        assert!(step > 3, "{operation:?} took only {step} steps; are all of them counted?");
    }
}

/// Runs the write with this action for call number `call`; returns whether the write makes that many calls.
async fn crash_in_call(
    stack: &Stack,
    faults: &Faults,
    operation: Operation,
    is_idempotent: bool,
    (call, action): (usize, FaultAction),
) -> bool {
    let context = format!("call {call} {action:?}");
    let case = Case::new(stack, operation, is_idempotent, &context).await;
    faults.inject(call, action);
    let response = case.send().await;
    let call_count = faults.clear().len();
    faults.settle().await;
    if !response.status.is_success() {
        response.error(503);
        assert_eq!(response.header("retry-after"), "1", "{context}");
    }
    case.check(&response, &context).await;
    call_count >= call
}

/// Runs the write and stops the function after `step` steps; returns whether the write takes more.
async fn crash_after_step(
    stack: &Stack,
    faults: &Faults,
    steps: &Steps,
    operation: Operation,
    is_idempotent: bool,
    step: usize,
) -> bool {
    let context = format!("stopped after step {step}");
    let case = Case::new(stack, operation, is_idempotent, &context).await;
    faults.plan(|_| FaultAction::Pass);
    steps.set(step);
    let response = case.send().await;
    steps.set(usize::MAX);
    faults.clear();
    faults.settle().await;
    case.check(&response, &context).await;
    response.status == 502
}

impl Case {
    /// Creates the customers of a new tenant, and returns the write to one of them.
    async fn new(stack: &Stack, operation: Operation, is_idempotent: bool, context: &str) -> Self {
        let id = uuid::Uuid::new_v5(
            &uuid::Uuid::nil(),
            format!("{operation:?} {is_idempotent} {context}").as_bytes(),
        );
        let tenant = id.simple().to_string();
        // One key prepares, another writes. The second is not cached, so the first call of the write
        // looks it up.
        let setup_caller = stack.caller(&tenant, Mode::Live, "read,write").await;
        setup_caller.create(&numbered(1)).await;
        let (mut method, mut path, mut body) = (Method::POST, CUSTOMERS.to_owned(), john());
        if operation != Operation::Create {
            path = format!("{CUSTOMERS}/{}", setup_caller.create(&john()).await);
        }
        match operation {
            Operation::Create => {}
            Operation::Rename => {
                method = Method::PUT;
                // A new name changes search terms; a new type and VIP flag change totals.
                body = json!({"last_name": "Smith", "company_name": "Roe & Sons", "is_vip": true});
                body["customer_type"] = json!("Commercial");
            }
            Operation::Delete => (method, body) = (Method::DELETE, Value::Null),
            Operation::Restore => {
                setup_caller.delete(&path).await.expect(200);
                path.push_str("/restore");
            }
        }
        let before = all_customers(&setup_caller).await;
        let caller = stack.caller(&tenant, Mode::Live, "read,write").await;
        Self { caller, operation, is_idempotent, method, path, body, before }
    }

    async fn send(&self) -> Response {
        let headers: &[(&str, &str)] = if self.is_idempotent { &[("idempotency-key", "1")] } else { &[] };
        self.caller.send(self.method.clone(), &self.path, headers, self.body.to_string()).await
    }

    /// Checks the customers after the write, sends the same request again, and checks them once more.
    async fn check(&self, response: &Response, context: &str) {
        let context = format!(
            "{:?}, idempotent: {}, {context}: {}",
            self.operation, self.is_idempotent, response.status
        );
        let now = check_lists(&self.caller).await;
        let effects = self.effects(&now, &context);
        self.check_records(&now, &context).await;
        assert!(effects == 1 || !response.status.is_success(), "{context}: success without effect");
        let again = self.send().await;
        let effects_now = self.effects(&all_customers(&self.caller).await, &context);
        if self.is_idempotent {
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

    /// Returns how often the write has taken effect, given all customers after it. Checks that no other
    /// customer has changed and that the customer of the write is entirely old or entirely new.
    fn effects(&self, now: &[Value], context: &str) -> usize {
        let created = now.len() - self.before.len();
        let mut expected: Vec<Value> =
            now[..created].iter().map(|customer| self.expected_create(customer)).collect();
        expected.extend(self.before.iter().cloned());
        let is_changed = created == 0 && now != self.before;
        if is_changed {
            self.apply(&mut expected[0], &now[0]);
        }
        assert_eq!(now, expected, "{context}");
        created + usize::from(is_changed)
    }

    /// Returns the expected state of a created customer.
    fn expected_create(&self, created: &Value) -> Value {
        let mut expected = self.before[0].clone();
        for (field, value) in self.body.as_object().unwrap() {
            expected[field] = value.clone();
        }
        expected["uuid"] = created["uuid"].clone();
        expected
    }

    /// Applies the expected effect of the write to a customer. The clock does not move.
    fn apply(&self, customer: &mut Value, now: &Value) {
        match self.operation {
            Operation::Create => panic!("a create changed {customer} to {now}"),
            Operation::Rename => {
                for (field, value) in self.body.as_object().unwrap() {
                    customer[field] = value.clone();
                }
            }
            Operation::Delete => customer["deleted_at"] = now["updated_at"].clone(),
            Operation::Restore => customer["deleted_at"] = Value::Null,
        }
    }

    /// Checks each record, read by its id and found by searches, against the lists.
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
        for (search, field, value) in searches {
            let found = self.caller.get(&format!("{CUSTOMERS}?search={search}")).await.data();
            let is_found = |customer: &&Value| customer["deleted_at"].is_null() && customer[field] == value;
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
