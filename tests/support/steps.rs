//! Functions that are stopped half-way, as when Lambda ends a process.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use clientele_infra::local::function::Invoke;

/// How many steps each function may take.
#[derive(Clone)]
pub(crate) struct Steps(Arc<AtomicUsize>);

impl Default for Steps {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Steps {
    /// From now on so many.
    pub(crate) fn set(&self, steps: usize) {
        self.0.store(steps, Ordering::SeqCst);
    }

    /// The function, dropped when it has taken its steps and is not done.
    pub(crate) fn limit(&self, function: Invoke) -> Invoke {
        let steps = self.clone();
        Arc::new(move |event| {
            let (mut left, mut running) = (steps.0.load(Ordering::SeqCst), Some(function(event)));
            Box::pin(poll_fn(move |context| {
                let stopped = || Poll::Ready(Err("stopped".to_owned()));
                let Some(function) = &mut running else { return stopped() };
                match function.as_mut().poll(context) {
                    Poll::Pending if left == 1 => {
                        running = None;
                        stopped()
                    }
                    Poll::Pending => {
                        left -= 1;
                        Poll::Pending
                    }
                    done => done,
                }
            }))
        })
    }
}
