//! The policies of functions: what they allow, and what is missing or unused.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde_yaml_ng::Value;

use crate::guards::template::{self, Function, at, text, texts};
use crate::support::Access;

/// One statement of a policy.
#[derive(Debug)]
struct Statement {
    actions: Vec<String>,
    /// Names of indexes; `None` is the table itself.
    resources: Vec<Option<String>>,
    /// The partition keys that the statement is limited to; `*` matches any text.
    partitions: Vec<String>,
}

impl Statement {
    fn allows(&self, access: &Access) -> bool {
        self.actions.iter().any(|action| action == access.action)
            && self.resources.contains(&access.index)
            && self.partitions.iter().any(|pattern| is_like(&access.partition, pattern))
    }

    /// Returns the permissions of the statement that none of these accesses needs.
    fn unused(&self, accesses: &[&Access]) -> Vec<String> {
        let mut unused = Vec::new();
        for action in &self.actions {
            for resource in &self.resources {
                if !accesses.iter().any(|access| access.action == action && access.index == *resource) {
                    unused.push(format!("{action} on {}", resource.as_deref().unwrap_or("the table")));
                }
            }
        }
        for pattern in &self.partitions {
            if !accesses.iter().any(|access| is_like(&access.partition, pattern)) {
                unused.push(format!("partitions {pattern}"));
            }
        }
        unused
    }
}

/// IAM's `StringLike`, with `*` as the only wildcard.
fn is_like(text: &str, pattern: &str) -> bool {
    match pattern.split_once('*') {
        None => text == pattern,
        Some((start, rest)) => {
            let Some(text) = text.strip_prefix(start) else { return false };
            (0..=text.len()).filter_map(|at| text.get(at..)).any(|text| is_like(text, rest))
        }
    }
}

/// Returns whether the policies of a function allow an access. All other tests check their calls with it, so
/// that a permission cannot be missing for a request that is not made here.
pub(crate) fn allows(function: &str, access: &Access) -> bool {
    static POLICIES: OnceLock<BTreeMap<String, Vec<Statement>>> = OnceLock::new();
    let policies = POLICIES.get_or_init(|| {
        template::functions().iter().map(|function| (function.name.clone(), statements(function))).collect()
    });
    policies[function].iter().any(|statement| statement.allows(access))
}

/// Returns the permissions that a function lacks and those that it never uses.
pub(super) fn compare(function: &Function, accesses: &[Access]) -> Vec<String> {
    let statements = statements(function);
    let mut used: Vec<Vec<&Access>> = vec![Vec::new(); statements.len()];
    let mut faults = Vec::new();
    for access in accesses {
        // An access counts as a use of the first statement that allows it.
        match statements.iter().position(|statement| statement.allows(access)) {
            Some(at) => used[at].push(access),
            None => faults.push(format!("{} lacks a permission: {access:?}", function.name)),
        }
    }
    for (statement, used) in statements.iter().zip(used) {
        for unused in statement.unused(&used) {
            faults.push(format!("{} never uses a permission: {unused} ({statement:?})", function.name));
        }
    }
    faults
}

/// Returns the statements of a function's policies, those shared with other functions first.
fn statements(function: &Function) -> Vec<Statement> {
    let policies = at(&function.properties, &["Policies"]).as_sequence().unwrap();
    let shared = policies.iter().filter_map(Value::as_str).map(template::resource);
    let shared: Vec<Value> =
        shared.map(|policy| at(&policy, &["Properties", "PolicyDocument", "Statement"]).clone()).collect();
    let own = policies.iter().filter(|policy| policy.as_str().is_none());
    let own: Vec<Value> = own.map(|policy| at(policy, &["Statement"]).clone()).collect();
    let all = shared.iter().chain(&own).flat_map(|statements| statements.as_sequence().unwrap());
    let of_table = all.filter(|statement| !is_of_secrets(statement) && !is_of_bucket(statement));
    of_table.map(|statement| read(&function.name, statement)).collect()
}

/// Returns whether a statement is about secrets, and not about the table.
pub(in crate::guards) fn is_of_secrets(statement: &Value) -> bool {
    texts(at(statement, &["Action"])).iter().all(|action| action.starts_with("secretsmanager:"))
}

/// Returns whether a statement is about the bucket for exports, and not about the table.
fn is_of_bucket(statement: &Value) -> bool {
    texts(at(statement, &["Action"])).iter().all(|action| action.starts_with("s3:"))
}

fn read(function: &str, statement: &Value) -> Statement {
    assert_eq!(text(statement, &["Effect"]), "Allow", "{function}");
    let resource = at(statement, &["Resource"]);
    let resources = texts(resource);
    let index = |resource: String| match resource.strip_prefix("${Table.Arn}/index/") {
        Some(index) => Some(index.to_owned()),
        None => {
            assert_eq!(resource, "Table.Arn", "{function}: the resource is neither the table nor an index");
            None
        }
    };
    let conditions = at(statement, &["Condition"]).as_mapping().unwrap();
    let partitions = conditions.iter().flat_map(|(operator, condition)| {
        let operator = operator.as_str().unwrap();
        let supported = ["ForAllValues:StringLike", "ForAllValues:StringEquals"];
        assert!(
            supported.contains(&operator),
            "{function}: the guard does not support the condition {operator}"
        );
        texts(at(condition, &["dynamodb:LeadingKeys"]))
    });
    Statement {
        actions: texts(at(statement, &["Action"])),
        partitions: partitions.collect(),
        resources: resources.into_iter().map(index).collect(),
    }
}

#[test]
fn patterns_match_as_in_iam() {
    for (text, pattern, expected) in [
        ("T#acme#WALK#1", "T#*#WALK#*", true),
        ("T#acme#ONCE#1", "T#*#WALK#*", false),
        ("T#acme#USAGE", "T#*#USAGE", true),
        ("T#acme#USAGE#x", "T#*#USAGE", false),
        ("KEYS", "KEYS", true),
        ("KEYS2", "KEYS", false),
    ] {
        assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
    }
}

#[test]
fn missing_and_unused_permissions_are_reported() {
    let policies = "Policies: [{ Statement: [{ Effect: Allow, Action: [dynamodb:GetItem, dynamodb:DeleteItem], \
                    Resource: !GetAtt Table.Arn, \
                    Condition: { 'ForAllValues:StringLike': { 'dynamodb:LeadingKeys': ['T#*'] } } }] }]";
    let properties = serde_yaml_ng::from_str(policies).unwrap();
    let function = Function { id: "X".into(), name: "x".into(), properties };
    let access = |action, partition: &str| Access { action, index: None, partition: partition.into() };
    let accesses = [
        access("dynamodb:GetItem", "T#acme#C#1"),
        access("dynamodb:GetItem", "KEYS"),
        access("dynamodb:PutItem", "T#acme#C#1"),
    ];
    let faults = compare(&function, &accesses);
    let prefixes = [
        "x lacks a permission: Access { action: \"dynamodb:GetItem\", index: None, partition: \"KEYS\" }",
        "x lacks a permission: Access { action: \"dynamodb:PutItem\"",
        "x never uses a permission: dynamodb:DeleteItem on the table",
    ];
    assert_eq!(faults.len(), prefixes.len(), "{faults:?}");
    for (fault, prefix) in faults.iter().zip(prefixes) {
        assert!(fault.starts_with(prefix), "{fault}");
    }
}
