//! `export-scheduled`: on a schedule.

use clientele_shared::model::{
    Every, ExportContent, ExportKind, ExportSchedule, Mode, Tenant, TimeOfDay, Timestamp,
};
use clientele_shared::store::{Store, Write};
use clientele_shared::table::connect::Connection;
use clientele_sync_agent::scheduled::export::{NAME, ScheduledExport, ScheduledExportError};
use lambda_http::{Context, LambdaEvent};
use serde_json::{Value, json};

use super::Bucket;
use super::server::BUCKET;
use crate::support::{Policies, Stack};

/// The function on a stack, with a bucket.
pub(crate) struct Schedule<'a> {
    stack: &'a Stack,
    pub(crate) bucket: Bucket,
    export: ScheduledExport,
}

impl<'a> Schedule<'a> {
    /// Returns the function, whose client of the table can be changed. Its calls are checked against its policies.
    pub(crate) async fn new(
        stack: &'a Stack,
        configure: impl FnOnce(aws_sdk_dynamodb::config::Builder) -> aws_sdk_dynamodb::config::Builder,
    ) -> Self {
        let config = configure(Connection::local(&stack.url).config().unwrap());
        let client = aws_sdk_dynamodb::Client::from_conf(config.interceptor(Policies::of(NAME)).build());
        let store = Store::new(client, &stack.table, stack.clock.ambient());
        let bucket = Bucket::start().await;
        let export = ScheduledExport::new(store, bucket.client());
        Self { stack, bucket, export }
    }

    pub(crate) async fn invoke(&self, event: Value) -> Result<Value, ScheduledExportError> {
        let mut context = Context::default();
        context.deadline = self.now().plus_seconds(900).as_millis().try_into().unwrap();
        self.export.handle(LambdaEvent::new(event, context)).await
    }

    /// Schedules a daily export of a tenant at midnight.
    pub(crate) async fn set(&self, tenant: &Tenant, name: &str, content: ExportContent) {
        let at = TimeOfDay::default();
        let schedule = ExportSchedule {
            name: name.parse().unwrap(),
            to: format!("s3://{BUCKET}/{name}"),
            content,
            every: Every::Day,
            at,
            next_at: ExportSchedule::due_after(Every::Day, at, self.now()),
            last_at: None,
            last_result: None,
        };
        self.stack.store.schedule_put(tenant, &schedule).await.unwrap();
    }

    async fn get(&self, tenant: &Tenant, name: &str) -> ExportSchedule {
        let schedules = self.stack.store.schedules_list(tenant).await.unwrap();
        schedules.into_iter().find(|schedule| schedule.name.as_str() == name).unwrap()
    }

    fn now(&self) -> Timestamp {
        self.stack.clock.ambient().now()
    }

    /// Creates a customer of a tenant.
    pub(crate) async fn add(&self, tenant: &Tenant, name: &str) {
        let fields = serde_json::from_value(json!({ "last_name": name })).unwrap();
        self.stack.store.customer_create(tenant, fields, Write::plain()).await.unwrap();
    }
}

const DAY: i64 = 24 * 3600;

fn customers() -> ExportContent {
    ExportContent::default()
}

#[tokio::test]
async fn exports_are_made_once_when_they_are_due() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config).await;
    let acme = stack.tenant();
    schedule.add(&acme, "Ann").await;
    schedule.set(&acme, "daily", customers()).await;
    let none = json!({ "due": 0, "exported": 0, "busy": 0 });
    let one = json!({ "due": 1, "exported": 1, "busy": 0 });
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), none);
    // It is 10:30.
    stack.clock.advance_seconds(13 * 3600 + 1800);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), one);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), none);
    let objects = schedule.bucket.objects();
    let names = ["customers-20300116T000000.000Z.csv", "customers-20300116T000000.000Z.manifest.json"];
    let expected = names.map(|name| format!("daily/customers/2030/01/16/{name}"));
    assert_eq!(objects, [&expected[..], &["daily/customers/latest.json".to_owned()]].concat());
    let csv = String::from_utf8(schedule.bucket.read(&expected[0])).unwrap();
    assert!(csv.lines().count() == 2 && csv.contains(",Ann,"), "{csv}");
    let made = schedule.get(&acme, "daily").await;
    assert_eq!(made.last_result.as_deref(), Some("done: 1 rows"));
    assert_eq!((made.last_at, made.next_at), (Some(schedule.now()), schedule.now().plus_seconds(DAY)));
    // Days that were missed are made up for once.
    stack.clock.advance_seconds(3 * DAY + 600);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), one);
    assert_eq!(schedule.get(&acme, "daily").await.next_at.to_rfc3339_seconds(), "2030-01-20T00:00:00Z");
}

#[tokio::test]
async fn exports_of_each_tenant_and_mode_are_its_own() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config).await;
    let [acme, bolt] = ["acme", "bolt"].map(|id| Tenant::new(&id.parse().unwrap(), Mode::Test));
    stack.store.tenant_create(&"bolt".parse().unwrap()).await.unwrap();
    for (tenant, name) in [(&acme, "Ann"), (&bolt, "Bob")] {
        schedule.add(tenant, name).await;
        schedule.set(tenant, name, customers()).await;
    }
    stack.clock.advance_seconds(DAY);
    let event = json!({ "tenant": "bolt", "mode": "test" });
    assert_eq!(schedule.invoke(event).await.unwrap(), json!({ "due": 1, "exported": 1, "busy": 0 }));
    assert_eq!(schedule.invoke(json!({ "mode": "live" })).await.unwrap()["due"], 0);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), json!({ "due": 1, "exported": 1, "busy": 0 }));
    for name in ["Ann", "Bob"] {
        let objects = schedule.bucket.objects();
        let file = objects.iter().find(|path| path.starts_with(name) && path.ends_with(".csv")).unwrap();
        let csv = String::from_utf8(schedule.bucket.read(file)).unwrap();
        assert!(csv.lines().count() == 2 && csv.contains(name), "{csv}");
    }
}

#[tokio::test]
async fn failed_export_stays_due_and_the_others_are_made() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config).await;
    let acme = stack.tenant();
    schedule.add(&acme, "Ann").await;
    schedule.set(&acme, "daily", customers()).await;
    schedule.set(&acme, "orders", ExportContent { kind: ExportKind::Orders, ..customers() }).await;
    let mut wrong = schedule.get(&acme, "orders").await;
    wrong.to = "/tmp/orders".into();
    stack.store.schedule_put(&acme, &wrong).await.unwrap();
    stack.clock.advance_seconds(DAY);
    let error = schedule.invoke(json!({})).await.unwrap_err();
    assert!(matches!(error, ScheduledExportError::Failed { failed: 1, due: 2 }), "{error}");
    let failed = schedule.get(&acme, "orders").await;
    let reason = "failed: /tmp/orders is not the address of a bucket; set the schedule again";
    assert_eq!(failed.last_result.as_deref(), Some(reason));
    assert_eq!(failed.next_at, wrong.next_at);

    // The bucket is missing, then S3 is away, then back.
    wrong.to = format!("s3://{BUCKET}/orders");
    stack.store.schedule_put(&acme, &wrong).await.unwrap();
    stack.clock.advance_seconds(DAY);
    for (status, reason) in
        [(404, "the bucket does not exist; check its name and region"), (503, "S3 answered with status 503")]
    {
        schedule.bucket.answer(status);
        let error = schedule.invoke(json!({})).await.unwrap_err();
        assert!(matches!(error, ScheduledExportError::Failed { failed: 2, due: 2 }), "{error}");
        let failed = schedule.get(&acme, "orders").await.last_result.unwrap();
        assert_eq!(failed, format!("failed: bucket {BUCKET}: starting the upload failed: {reason}"));
    }
    schedule.bucket.answer(0);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), json!({ "due": 2, "exported": 2, "busy": 0 }));
}

#[tokio::test]
async fn export_that_another_invocation_makes_is_left_to_it() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config).await;
    let acme = stack.tenant();
    schedule.set(&acme, "daily", customers()).await;
    stack.clock.advance_seconds(DAY);
    let name = "daily".parse().unwrap();
    stack.store.export_lease_take(&acme, &name, "another", 60).await.unwrap();
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), json!({ "due": 1, "exported": 0, "busy": 1 }));
    // The other one was killed.
    stack.clock.advance_seconds(60);
    assert_eq!(schedule.invoke(json!({})).await.unwrap(), json!({ "due": 1, "exported": 1, "busy": 0 }));
}

#[tokio::test]
async fn export_whose_time_runs_out_leaves_no_object() {
    let stack = Stack::start().await;
    let mut schedule = Schedule::new(&stack, |config| config).await;
    schedule.export = schedule.export.with_reserve(std::time::Duration::from_secs(900));
    let acme = stack.tenant();
    schedule.add(&acme, "Ann").await;
    schedule.set(&acme, "daily", customers()).await;
    stack.clock.advance_seconds(DAY);
    assert!(schedule.invoke(json!({})).await.is_err());
    let result = schedule.get(&acme, "daily").await.last_result.unwrap();
    assert!(result.starts_with("failed: the time was over before the end"), "{result}");
    assert_eq!(schedule.bucket.objects(), Vec::<String>::new());
}

#[tokio::test]
async fn wrong_events_are_refused_with_what_to_correct() {
    let stack = Stack::start().await;
    let schedule = Schedule::new(&stack, |config| config).await;
    for (event, expected) in [
        (json!({ "tenants": "acme" }), "unknown field `tenants`"),
        (json!("all"), "correct the schedule"),
        (json!({ "mode": "dead" }), "unknown variant `dead`"),
    ] {
        let error = schedule.invoke(event).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
