//! Runs one function process: sends it events and reads its figures from the kernel.

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
use crate::runtime_api::{Invocation, RuntimeApi, RuntimeRequest};

/// Time limit of one step. It is generous because a function is about 50 times slower under valgrind.
const STEP_TIMEOUT: Duration = Duration::from_secs(120);

/// Maximum length of a failed function's output in an error message, in bytes.
const MAX_OUTPUT: usize = 4_000;

/// The program to start, with its environment.
pub(crate) struct Program {
    /// The function's name on Lambda.
    pub(crate) name: String,
    /// The executable.
    pub(crate) binary: PathBuf,
    /// Environment variables in addition to Lambda's own.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// The file that receives standard output and standard error.
    pub(crate) output: PathBuf,
}

impl Program {
    /// Returns Lambda's environment on `provided.al2023`, without the variables of this process.
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
            // Examples from Amazon's documentation. The engine checks only their format.
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            ("AWS_SESSION_TOKEN", "example-session-token".to_owned()),
        ];
        all.extend(self.settings.iter().cloned());
        all
    }

    /// Returns the end of the function's output, for an error message.
    fn output_tail(&self) -> String {
        match std::fs::read(&self.output) {
            Ok(bytes) => {
                let tail = bytes.get(bytes.len().saturating_sub(MAX_OUTPUT)..).unwrap_or_default();
                String::from_utf8_lossy(tail).into_owned()
            }
            Err(error) => format!("({} could not be read: {error})", self.output.display()),
        }
    }
}

/// A running function, killed on drop.
pub(crate) struct Function<'a> {
    program: &'a Program,
    child: Child,
    pid: Pid,
    api: RuntimeApi,
    pending_next: Option<oneshot::Sender<Invocation>>,
    sent: u64,
    started: Instant,
}

impl<'a> Function<'a> {
    /// Starts the program under `wrapper`, a command with its options, or directly if `wrapper` is empty.
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
        let id = child.id().and_then(|id| i32::try_from(id).ok()).ok_or_else(|| BenchError::Figure {
            name: program.name.clone(),
            what: "the process id",
            from: "the process".to_owned(),
        })?;
        Ok(Self { program, child, pid: Pid::from_raw(id), api, pending_next: None, sent: 0, started })
    }

    /// Waits until the function requests an event. Returns the time since its start.
    pub(crate) async fn until_next(&mut self) -> Result<Duration, BenchError> {
        const WAITING_FOR: &str = "its request for the next event";
        match self.request(WAITING_FOR).await? {
            RuntimeRequest::Next { at, reply } => {
                self.pending_next = Some(reply);
                Ok(at.duration_since(self.started))
            }
            RuntimeRequest::Response { request_id, body, .. } => {
                Err(self.unexpected(format!("a second response to {request_id}"), WAITING_FOR, &body))
            }
            RuntimeRequest::Other { request, body } => Err(self.unexpected(request, WAITING_FOR, &body)),
        }
    }

    /// Sends one event and waits for the response, whose status must be `expected`, and for the function's
    /// next request. Returns the time from the event to the complete response.
    pub(crate) async fn invoke(&mut self, event: String, expected: u16) -> Result<Duration, BenchError> {
        const WAITING_FOR: &str = "its response to an event";
        self.sent += 1;
        let request_id = format!("8476a536-e9f4-11e8-9739-{:012x}", self.sent);
        let sent_at = Instant::now();
        let invocation = Invocation { request_id: request_id.clone(), event };
        if self.pending_next.take().is_none_or(|reply| reply.send(invocation).is_err()) {
            return Err(self.unexpected("a closed connection".to_owned(), WAITING_FOR, &[]));
        }
        let taken = match self.request(WAITING_FOR).await? {
            RuntimeRequest::Response { at, request_id: id, body } if id == request_id => {
                self.check_status(&body, expected)?;
                at.duration_since(sent_at)
            }
            RuntimeRequest::Response { request_id: id, body, .. } => {
                return Err(self.unexpected(format!("a response to {id}"), WAITING_FOR, &body));
            }
            RuntimeRequest::Next { .. } => {
                return Err(self.unexpected("a request for the next event".to_owned(), WAITING_FOR, &[]));
            }
            RuntimeRequest::Other { request, body } => {
                return Err(self.unexpected(request, WAITING_FOR, &body));
            }
        };
        self.until_next().await?;
        Ok(taken)
    }

    fn check_status(&self, body: &[u8], expected: u16) -> Result<(), BenchError> {
        // A streamed body is preceded by a separate JSON object with the status.
        let mut head = serde_json::Deserializer::from_slice(body).into_iter::<serde_json::Value>();
        let status = head
            .next()
            .and_then(Result::ok)
            .and_then(|head| head.get("statusCode").and_then(serde_json::Value::as_u64));
        if status == Some(u64::from(expected)) {
            return Ok(());
        }
        Err(BenchError::WrongStatus {
            name: self.program.name.clone(),
            got: status.map_or_else(|| "no status".to_owned(), |status| status.to_string()),
            expected,
            body: String::from_utf8_lossy(body).into_owned(),
        })
    }

    #[expect(clippy::disallowed_methods, reason = "bounds how long the process can stay silent")]
    async fn request(&mut self, waiting_for: &'static str) -> Result<RuntimeRequest, BenchError> {
        let name = &self.program.name;
        tokio::select! {
            biased;
            Some(request) = self.api.requests.recv() => Ok(request),
            status = self.child.wait() => Err(BenchError::Exited {
                name: name.clone(),
                status: status.doing(|| format!("wait for {name}"))?,
                waiting_for,
                output: self.program.output_tail(),
            }),
            () = sleep(STEP_TIMEOUT) => Err(BenchError::Silent {
                name: name.clone(),
                seconds: STEP_TIMEOUT.as_secs(),
                waiting_for,
                output: self.program.output_tail(),
            }),
        }
    }

    fn unexpected(&self, got: String, waiting_for: &'static str, body: &[u8]) -> BenchError {
        BenchError::Unexpected {
            name: self.program.name.clone(),
            got,
            waiting_for,
            body: String::from_utf8_lossy(body).into_owned(),
            output: self.program.output_tail(),
        }
    }

    /// Waits until the process is idle. When its request for the next event arrives here, the function might
    /// not be asleep yet, and work in the background might still be running.
    #[expect(clippy::disallowed_methods, reason = "samples the process until it is idle")]
    pub(crate) async fn settle(&self) -> Result<(), BenchError> {
        const SAMPLE_INTERVAL: Duration = Duration::from_millis(10);
        const IDLE_SAMPLES: u32 = 5;
        let (mut used, mut idle) = (self.cpu()?, 0);
        let settled = timeout(STEP_TIMEOUT, async {
            while idle < IDLE_SAMPLES {
                sleep(SAMPLE_INTERVAL).await;
                let now = self.cpu()?;
                idle = if now == used { idle + 1 } else { 0 };
                used = now;
            }
            Ok(())
        });
        settled.await.unwrap_or_else(|_| {
            Err(BenchError::Restless { name: self.program.name.clone(), seconds: STEP_TIMEOUT.as_secs() })
        })
    }

    /// Returns the user and system time of all threads of the process, including finished ones, with
    /// nanosecond resolution.
    pub(crate) fn cpu(&self) -> Result<Duration, BenchError> {
        ClockId::pid_cpu_clock_id(self.pid)
            .and_then(ClockId::now)
            .map(Duration::from)
            .map_err(std::io::Error::from)
            .doing(|| format!("read the CPU clock of {}", self.program.name))
    }

    /// Returns the peak resident set so far, in bytes.
    pub(crate) fn peak_rss(&self) -> Result<u64, BenchError> {
        let status = self.read_proc("status")?;
        let kibibytes = status.lines().find_map(|line| {
            line.strip_prefix("VmHWM:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()
        });
        kibibytes
            .map(|kib| kib * 1024)
            .ok_or_else(|| self.no_figure("the peak resident set (VmHWM)", "status"))
    }

    /// Returns the number of minor and major page faults so far.
    pub(crate) fn faults(&self) -> Result<u64, BenchError> {
        let stat = self.read_proc("stat")?;
        // The command name, in parentheses, can contain spaces. Field 3 follows it.
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let field = |number: usize| after_name.split_ascii_whitespace().nth(number - 3)?.parse::<u64>().ok();
        match (field(10), field(12)) {
            (Some(minor), Some(major)) => Ok(minor + major),
            _ => Err(self.no_figure("the page faults", "stat")),
        }
    }

    /// Returns the current number of threads.
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

    /// Sends `signal` to the process and waits until it has exited.
    pub(crate) async fn stop(mut self, signal: Signal) -> Result<(), BenchError> {
        let stopping = || format!("stop {}", self.program.name);
        kill(self.pid, signal).map_err(std::io::Error::from).doing(stopping)?;
        match timeout(STEP_TIMEOUT, self.child.wait()).await {
            Ok(status) => status.map(|_| ()).doing(stopping),
            Err(_) => Err(BenchError::Silent {
                name: self.program.name.clone(),
                seconds: STEP_TIMEOUT.as_secs(),
                waiting_for: "its exit",
                output: self.program.output_tail(),
            }),
        }
    }
}
