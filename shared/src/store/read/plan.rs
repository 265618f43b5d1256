//! The plan: which part of the table or of an index answers a query. A pure function, tested as a table of examples.

use std::collections::BTreeSet;

use super::{CustomerFilter, CustomerQuery};
use crate::model::{CustomerType, Status, Tenant};
use crate::rules::condition::{Condition, Period};
use crate::rules::entries::{Mark, MarkKind, Sort};
use crate::table::keys::{self, Index};

/// How a query is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Sources that each hold every match and perhaps more; the smallest one is read.
    pub(super) candidates: Vec<Source>,
    /// Every customer in the filter's cells, in order: read if no candidates end.
    pub(super) scan: Source,
    /// The numbers are bounded by this period of creation.
    pub(super) created: Option<Period>,
    /// How the total is known.
    pub(super) total: TotalBy,
}

/// A place that holds customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Source {
    /// The table, by number; strongly consistent.
    Numbers,
    /// One partition of by-status or by-type, by number; the entries are copies of the records.
    Partition { index: Index, key: String },
    /// Marks in by-search, by number. Of several, a customer has one or more.
    Marks(BTreeSet<Mark>),
    /// Search terms that begin with one of these texts, or the customer of this number; in no order.
    Terms { prefixes: Vec<String>, number: Option<crate::model::CustomerNumber> },
    /// The entries of one sort order in by-search, all or those of a period of change.
    Sorted { sort: Sort, period: Option<Period> },
    /// One customer by its key.
    Identity(uuid::Uuid),
}

/// How the total of a list is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TotalBy {
    /// The slots count it.
    Cells,
    /// The matches are counted by reading them.
    Counting,
}

/// Plans how to answer a query.
pub(super) fn plan(tenant: &Tenant, query: &CustomerQuery) -> Plan {
    let filter = &query.filter;
    let is_plain = filter.conditions.is_empty() && query.search.is_none();
    let total = if is_plain { TotalBy::Cells } else { TotalBy::Counting };
    let created = filter.conditions.iter().find_map(|condition| match condition {
        Condition::CreatedAt(period) => Some(*period),
        _ => None,
    });
    let scan = match query.sort {
        // A period of creation is a range of numbers.
        Sort::Number if created.is_some() => Source::Numbers,
        Sort::Number => cells_source(tenant, filter),
        sort => Source::Sorted { sort, period: None },
    };
    Plan { candidates: candidates(tenant, query), scan, created, total }
}

/// The source of every customer in the cells of a filter, by number.
fn cells_source(tenant: &Tenant, filter: &CustomerFilter) -> Source {
    let statuses: Vec<Status> = Status::ALL.into_iter().filter(|one| filter.has_status(*one)).collect();
    let all_statuses = statuses.len() == Status::ALL.len();
    match (statuses.as_slice(), filter.customer_type, filter.is_vip) {
        ([status], None, None) if !filter.include_deleted => {
            Source::Partition { index: Index::ByStatus, key: keys::live_status_partition(tenant, *status) }
        }
        (_, Some(customer_type), None) if all_statuses => type_source(tenant, customer_type),
        (_, None, Some(true)) if all_statuses => Source::Marks([Mark::plain(MarkKind::Vip)].into()),
        ([Status::Inactive, Status::Lead], None, None) => Source::Marks([Mark::plain(MarkKind::Idle)].into()),
        _ => Source::Numbers,
    }
}

fn type_source(tenant: &Tenant, customer_type: CustomerType) -> Source {
    Source::Partition { index: Index::ByType, key: keys::type_partition(tenant, customer_type) }
}

/// The sources that each hold every match of the conditions and the search.
fn candidates(tenant: &Tenant, query: &CustomerQuery) -> Vec<Source> {
    let mut sources: Vec<Source> = Vec::new();
    if let Some(search) = &query.search {
        if let Some(uuid) = search.identity(tenant) {
            return vec![Source::Identity(uuid)];
        }
        let number = search.number();
        sources.extend(search.prefixes().into_iter().map(|prefixes| Source::Terms { prefixes, number }));
        // A search without a letter or digit matches nothing.
        if sources.is_empty() {
            sources.push(Source::Terms { prefixes: Vec::new(), number });
        }
    }
    sources.extend(query.filter.conditions.iter().filter_map(|condition| match condition {
        Condition::UpdatedAt(period) => Some(Source::Sorted { sort: Sort::Updated, period: Some(*period) }),
        other => other.marks().map(Source::Marks),
    }));
    sources
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{CustomerNumber, Mode, Timestamp};
    use crate::rules::search::SearchQuery;

    fn tenant() -> Tenant {
        Tenant::new(&"t".parse().unwrap(), Mode::Live)
    }

    /// A source in one line.
    fn show(source: &Source) -> String {
        match source {
            Source::Numbers => "numbers".into(),
            Source::Partition { key, .. } => key.clone(),
            Source::Marks(marks) => {
                let marks = marks.iter().map(|mark| format!("{}={}", mark.kind.as_str(), mark.value));
                marks.collect::<Vec<_>>().join(" or ")
            }
            Source::Terms { prefixes, number: None } => prefixes.join(" or "),
            Source::Terms { prefixes, number: Some(number) } => {
                format!("{} or {number}", prefixes.join(" or "))
            }
            Source::Sorted { sort, period } => {
                format!(
                    "by {}{}",
                    sort.entry_name().unwrap_or_default(),
                    if period.is_some() { " in period" } else { "" }
                )
            }
            Source::Identity(_) => "identity".into(),
        }
    }

    #[track_caller]
    fn check(query: &CustomerQuery, candidates: &[&str], scan: &str, total: TotalBy) {
        let plan = plan(&tenant(), query);
        assert_eq!(plan.candidates.iter().map(show).collect::<Vec<_>>(), candidates);
        assert_eq!((show(&plan.scan).as_str(), plan.total), (scan, total));
    }

    fn filtered(change: impl Fn(&mut CustomerFilter)) -> CustomerQuery {
        let mut query = CustomerQuery::default();
        change(&mut query.filter);
        query
    }

    #[test]
    fn lists_by_cells_read_one_place() {
        use TotalBy::Cells;
        let check = |change: &dyn Fn(&mut CustomerFilter), scan| check(&filtered(change), &[], scan, Cells);
        check(&|_| {}, "numbers");
        check(&|f| f.include_deleted = true, "numbers");
        check(&|f| f.status = Some(Status::Lead), "T#t#STATUS#LEAD");
        check(&|f| f.statuses = Some([Status::Active].into()), "T#t#STATUS#ACTIVE");
        check(&|f| f.customer_type = Some(CustomerType::Commercial), "T#t#TYPE#Commercial");
        check(
            &|f| (f.customer_type, f.include_deleted) = (Some(CustomerType::Residential), true),
            "T#t#TYPE#Residential",
        );
        check(&|f| f.is_vip = Some(true), "vip=");
        check(&|f| (f.is_vip, f.include_deleted) = (Some(true), true), "vip=");
        check(&|f| f.status_not = Some(Status::Active), "idle=");
        check(&|f| f.statuses = Some([Status::Inactive, Status::Lead].into()), "idle=");
        check(&|f| f.is_vip = Some(false), "numbers");
        check(&|f| (f.status, f.is_vip) = (Some(Status::Active), Some(true)), "numbers");
        check(&|f| f.statuses = Some([Status::Active, Status::Lead].into()), "numbers");
        check(&|f| (f.status, f.include_deleted) = (Some(Status::Active), true), "numbers");
    }

    #[test]
    fn conditions_name_their_marks() {
        let conditions = |conditions: Vec<Condition>| filtered(move |f| f.conditions.clone_from(&conditions));
        let tags = Condition::Tag(vec!["tag_002".parse().unwrap(), "tag_001".parse().unwrap()]);
        let city = Condition::City(vec!["São Paulo".into()]);
        let query = conditions(vec![tags, city]);
        check(&query, &["tag=tag_001 or tag=tag_002", "city=sao paulo"], "numbers", TotalBy::Counting);
        let period = Period { from: Some(Timestamp::from_millis(1)), to: None };
        let query = conditions(vec![Condition::UpdatedAt(period), Condition::HasQuickbooksId(true)]);
        check(&query, &["by updated in period"], "numbers", TotalBy::Counting);
        let query = conditions(vec![Condition::CreatedAt(period)]);
        check(&query, &[], "numbers", TotalBy::Counting);
        assert_eq!(plan(&tenant(), &query).created, Some(period));
    }

    #[test]
    fn every_word_of_a_search_is_a_source() {
        let search =
            |text| CustomerQuery { search: SearchQuery::parse(text).unwrap(), ..CustomerQuery::default() };
        check(&search("Ann Lee"), &["ann", "lee"], "numbers", TotalBy::Counting);
        check(&search("456"), &["456 or 456"], "numbers", TotalBy::Counting);
        check(&search("--"), &[""], "numbers", TotalBy::Counting);
        check(&search("cust_456"), &["identity"], "numbers", TotalBy::Counting);
        let uuid = tenant().customer_uuid(CustomerNumber::MAX).to_string();
        check(&search(&uuid), &["identity"], "numbers", TotalBy::Counting);
        let prefix = format!("{} or {}", &uuid[..8], &uuid[..8]);
        assert!(!prefix.is_empty());
    }

    #[test]
    fn other_orders_are_read_from_their_entries() {
        for (sort, scan) in
            [(Sort::Email, "by email"), (Sort::Expenses, "by expenses"), (Sort::Updated, "by updated")]
        {
            let query = CustomerQuery { sort, ..CustomerQuery::default() };
            check(&query, &[], scan, TotalBy::Cells);
        }
    }
}
