//! Customers that are read ahead: while some are parsed, the table already answers for the next ones.

use std::collections::VecDeque;

use clientele_shared::model::Customer;
use clientele_shared::store::{CustomerBatch, CustomerStream};
use clientele_shared::{Error, Result};
use tokio::task::JoinSet;

use super::Selection;

/// How many batches of customers are read at the same time.
const CONCURRENT: usize = 2;

/// The selected customers of a stream, in its order.
pub(super) struct ReadAhead {
    selection: Selection,
    stream: CustomerStream,
    /// Tasks that read one batch each, in order. They do not wait for the writer of the file: a response that is left waiting
    /// would time out. Dropping a set ends its task.
    reads: VecDeque<JoinSet<Result<Vec<Customer>>>>,
}

impl ReadAhead {
    /// Starts to read the customers.
    pub(super) fn new(selection: Selection, stream: CustomerStream) -> Self {
        let mut ahead = Self { selection, stream, reads: VecDeque::with_capacity(CONCURRENT) };
        ahead.start();
        ahead
    }

    /// Returns the number of customers that are read, as of the start; the filter can leave some of them out.
    pub(super) fn total(&self) -> u64 {
        self.stream.total().count()
    }

    /// Returns the next customers, which can be none; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Customer>>> {
        let Some(mut read) = self.reads.pop_front() else { return Ok(None) };
        let Some(ended) = read.join_next().await else { return Err(Error::broken("a read has no task")) };
        let customers = ended.map_err(|e| Error::internal("reading customers", e))??;
        self.start();
        Ok(Some(customers))
    }

    fn start(&mut self) {
        while self.reads.len() < CONCURRENT
            && let Some(batch) = self.stream.next_batch()
        {
            let mut read = JoinSet::new();
            read.spawn(selected(self.selection.clone(), batch));
            self.reads.push_back(read);
        }
    }
}

async fn selected(selection: Selection, batch: CustomerBatch) -> Result<Vec<Customer>> {
    let customers = selection.retry(|| batch.read()).await?;
    Ok(selection.selected(customers))
}
