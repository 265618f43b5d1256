//! Functions that stop partway, as when Lambda ends a process.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use clientele_infra::local::function::Invoke;

/// The maximum number of steps of each function. A step ends when the function waits.
#[derive(Clone)]
pub(crate) struct Steps(Arc<AtomicUsize>);

impl Default for Steps {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Steps {
    /// Sets the maximum for the functions called from now on.
    pub(crate) fn set(&self, steps: usize) {
        self.0.store(steps, Ordering::SeqCst);
    }

    /// Returns the function, which is dropped if it has not finished after its steps.
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
