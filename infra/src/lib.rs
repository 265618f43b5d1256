//! The local stack, which runs every function on one machine as on AWS, and the commands that manage a
//! deployment.

pub mod commands;
pub mod console;
pub mod functions;
pub mod local;
pub mod signal;
