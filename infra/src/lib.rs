//! What runs and looks after Clientele: the local stack, where every function answers on one machine as on AWS.

pub mod commands;
pub mod functions;
pub mod local;
