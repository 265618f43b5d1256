//! One function process from start to stop: gives it events and reads its figures from the kernel.

use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::time::ClockId;
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::error::{BenchError, Doing};
use crate::runtime_api::{Call, Invocation, RuntimeApi};

/// How long a function may take for one step; generous, because valgrind is some fifty times slower.
const PATIENCE: Duration = Duration::from_secs(120);

/// How much of a failed function's output is shown.
const SHOWN_OUTPUT: usize = 4_000;

/// What to start, and in which surroundings.
pub(crate) struct Program {
    /// The function's name, as Lambda would tell it.
    pub(crate) name: String,
    /// The executable.
    pub(crate) binary: PathBuf,
    /// What is set in addition to Lambda's own variables.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// Where its standard output and error go.
    pub(crate) output: PathBuf,
}

impl Program {
    /// Lambda's environment on `provided.al2023`, and nothing of this process's own.
    fn environment(&self, runtime_api: &str) -> Vec<(&'static str, String)> {
        let folder = self.binary.parent().map_or_else(String::new, |parent| parent.display().to_string());
        let mut all = vec![
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LANG", "en_US.UTF-8".to_owned()),
            ("TZ", ":UTC".to_owned()),
            ("HOME", "/nonexistent".to_owned()),
            ("LAMBDA_TASK_ROOT", folder),
            ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
            ("_HANDLER", "bootstrap".to_owned()),
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.to_owned()),
            ("AWS_LAMBDA_FUNCTION_NAME", self.name.clone()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", crate::goals::LAMBDA_MEMORY_MB.to_string()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", self.name)),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "2026/01/01/[$LATEST]0123456789abcdef".to_owned()),
            ("AWS_EXECUTION_ENV", "AWS_Lambda_provided.al2023".to_owned()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_DEFAULT_REGION", "us-east-1".to_owned()),
            // Amazon's own documentation examples: the engine checks their form, nothing else.
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            ("AWS_SESSION_TOKEN", "example-session-token".to_owned()),
        ];
        all.extend(self.settings.iter().cloned());
        all
    }

    /// The end of what the function wrote, for an error message.
    fn written(&self) -> String {
        match std::fs::read(&self.output) {
            Ok(bytes) => {
                let shown = bytes.get(bytes.len().saturating_sub(SHOWN_OUTPUT)..).unwrap_or_default();
                String::from_utf8_lossy(shown).into_owned()
            }
            Err(error) => format!("({} could not be read: {error})", self.output.display()),
        }
    }
}

/// A running function. It is killed when this is dropped.
pub(crate) struct Function<'a> {
    program: &'a Program,
    child: Child,
    pid: Pid,
    api: RuntimeApi,
    parked: Option<oneshot::Sender<Invocation>>,
    sent: u64,
    started: Instant,
}

impl<'a> Function<'a> {
    /// Starts the program, under `wrapper` (a command and its options) unless that is empty.
    pub(crate) async fn start(program: &'a Program, wrapper: &[OsString]) -> Result<Self, BenchError> {
        let starting = || format!("start {}", program.binary.display());
        let api = RuntimeApi::start().await?;
        let output =
            File::create(&program.output).doing(|| format!("create {}", program.output.display()))?;
        let errors = output.try_clone().doing(starting)?;
        let mut words = wrapper.iter().cloned().chain([program.binary.clone().into_os_string()]);
        let mut command = Command::new(words.next().unwrap_or_default());
        command
            .args(words)
            .env_clear()
            .envs(program.environment(&api.address.to_string()))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true);
        let started = Instant::now();
        let child = command.spawn().doing(starting)?;
        let number = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| BenchError::Figure {
            name: program.name.clone(),
            what: "the process number",
            from: "the started process".to_owned(),
        })?;
        Ok(Self { program, child, pid: Pid::from_raw(number), api, parked: None, sent: 0, started })
    }

    /// Waits until the function asks for an event. Returns the time since it was started.
    pub(crate) async fn until_next(&mut self) -> Result<Duration, BenchError> {
        const WAITING_FOR: &str = "its request for the next event";
        match self.call(WAITING_FOR).await? {
            Call::Next { at, hand_out } => {
                self.parked = Some(hand_out);
                Ok(at.duration_since(self.started))
            }
            Call::Answer { request_id, body, .. } => {
                Err(self.unexpected(format!("a second answer to {request_id}"), WAITING_FOR, &body))
            }
            Call::Other { what, body } => Err(self.unexpected(what, WAITING_FOR, &body)),
        }
    }

    /// Hands out one event and waits for its answer, whose status must be the expected one, then for the
    /// function's next request. Returns the time between the event and the whole answer.
    pub(crate) async fn invoke(&mut self, event: String, expected: u16) -> Result<Duration, BenchError> {
        const WAITING_FOR: &str = "its answer to an event";
        self.sent += 1;
        let request_id = format!("8476a536-e9f4-11e8-9739-{:012x}", self.sent);
        let before = Instant::now();
        let invocation = Invocation { request_id: request_id.clone(), event };
        if self.parked.take().is_none_or(|parked| parked.send(invocation).is_err()) {
            return Err(self.unexpected("a closed connection".to_owned(), WAITING_FOR, &[]));
        }
        let taken = match self.call(WAITING_FOR).await? {
            Call::Answer { at, request_id: answered, body } if answered == request_id => {
                self.check(&body, expected)?;
                at.duration_since(before)
            }
            Call::Answer { request_id: answered, body, .. } => {
                return Err(self.unexpected(format!("an answer to {answered}"), WAITING_FOR, &body));
            }
            Call::Next { .. } => {
                return Err(self.unexpected("a request for the next event".to_owned(), WAITING_FOR, &[]));
            }
            Call::Other { what, body } => return Err(self.unexpected(what, WAITING_FOR, &body)),
        };
        self.until_next().await?;
        Ok(taken)
    }

    fn check(&self, body: &[u8], expected: u16) -> Result<(), BenchError> {
        // Before a body that is streamed the head stands alone.
        let mut head = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>();
        let status = head
            .next()
            .and_then(Result::ok)
            .and_then(|answer| answer.get("statusCode").and_then(serde_json::Value::as_u64));
        if status == Some(u64::from(expected)) {
            return Ok(());
        }
        Err(BenchError::WrongStatus {
            name: self.program.name.clone(),
            got: status.map_or_else(|| "something without a status".to_owned(), |status| status.to_string()),
            expected,
            body: String::from_utf8_lossy(body).into_owned(),
        })
    }

    async fn call(&mut self, waiting_for: &'static str) -> Result<Call, BenchError> {
        let name = &self.program.name;
        tokio::select! {
            biased;
            Some(call) = self.api.calls.recv() => Ok(call),
            status = self.child.wait() => Err(BenchError::Exited {
                name: name.clone(),
                status: status.doing(|| format!("wait for {name}"))?,
                waiting_for,
                output: self.program.written(),
            }),
            () = sleep(PATIENCE) => Err(BenchError::Silent {
                name: name.clone(),
                seconds: PATIENCE.as_secs(),
                waiting_for,
                output: self.program.written(),
            }),
        }
    }

    fn unexpected(&self, got: String, waiting_for: &'static str, body: &[u8]) -> BenchError {
        BenchError::Unexpected {
            name: self.program.name.clone(),
            got,
            waiting_for,
            body: String::from_utf8_lossy(body).into_owned(),
            output: self.program.written(),
        }
    }

    /// Waits until the process uses no more CPU: the request for the next event is seen here a little
    /// before the function has gone to sleep, and what it began in the background may still run.
    pub(crate) async fn settle(&self) -> Result<(), BenchError> {
        const GLANCE: Duration = Duration::from_millis(10);
        const QUIET_GLANCES: u32 = 5;
        let (mut used, mut quiet) = (self.cpu()?, 0);
        let settled = timeout(PATIENCE, async {
            while quiet < QUIET_GLANCES {
                sleep(GLANCE).await;
                let now = self.cpu()?;
                quiet = if now == used { quiet + 1 } else { 0 };
                used = now;
            }
            Ok(())
        });
        settled.await.unwrap_or_else(|_| {
            Err(BenchError::Restless { name: self.program.name.clone(), seconds: PATIENCE.as_secs() })
        })
    }

    /// User and system time of every thread that the process has had, to the nanosecond.
    pub(crate) fn cpu(&self) -> Result<Duration, BenchError> {
        ClockId::pid_cpu_clock_id(self.pid)
            .and_then(ClockId::now)
            .map(Duration::from)
            .map_err(std::io::Error::from)
            .doing(|| format!("read the CPU clock of {}", self.program.name))
    }

    /// The largest resident set so far, in bytes.
    pub(crate) fn peak_rss(&self) -> Result<u64, BenchError> {
        let status = self.read_proc("status")?;
        let kibibytes = status.lines().find_map(|line| {
            line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
        kibibytes
            .map(|kib| kib * 1024)
            .ok_or_else(|| self.no_figure("the peak resident set (VmHWM)", "status"))
    }

    /// Minor and major page faults so far.
    pub(crate) fn faults(&self) -> Result<u64, BenchError> {
        let stat = self.read_proc("stat")?;
        // The command's name, in parentheses, may hold blanks. After it comes field 3.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let field = |number: usize| after_name.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
        match (field(10), field(12)) {
            (Some(minor), Some(major)) => Ok(minor + major),
            _ => Err(self.no_figure("the page faults", "stat")),
        }
    }

    /// The threads it has now.
    pub(crate) fn threads(&self) -> Result<u64, BenchError> {
        let folder = format!("/proc/{}/task", self.pid);
        let threads = std::fs::read_dir(&folder).doing(|| format!("read {folder}"))?;
        Ok(threads.count() as u64)
    }

    fn read_proc(&self, file: &str) -> Result<String, BenchError> {
        let path = format!("/proc/{}/{file}", self.pid);
        std::fs::read_to_string(&path).doing(|| format!("read {path}"))
    }

    fn no_figure(&self, what: &'static str, file: &str) -> BenchError {
        let from = format!("/proc/{}/{file}", self.pid);
        BenchError::Figure { name: self.program.name.clone(), what, from }
    }

    /// Ends the process with `signal` and waits until it is gone.
    pub(crate) async fn stop(mut self, signal: Signal) -> Result<(), BenchError> {
        let stopping = || format!("stop {}", self.program.name);
        kill(self.pid, signal).map_err(std::io::Error::from).doing(stopping)?;
        match timeout(PATIENCE, self.child.wait()).await {
            Ok(status) => status.map(|_| ()).doing(stopping),
            Err(_) => Err(BenchError::Silent {
                name: self.program.name.clone(),
                seconds: PATIENCE.as_secs(),
                waiting_for: "its end",
                output: self.program.written(),
            }),
        }
    }
}
